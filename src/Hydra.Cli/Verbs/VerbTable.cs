namespace Hydra.Cli.Verbs;

/// <summary>Every verb, in the order of the help.</summary>
internal static class VerbTable
{
    public static IReadOnlyList<Verb> All { get; } =
    [
        RunVerb.Verb, ValidateVerb.Verb, GraphVerb.Verb, ListVerb.Verb, InspectVerb.Verb, ResumeVerb.Verb, PauseVerb.Verb, CancelVerb.Verb, KillSwitchVerb.Verb, ApproveVerb.Verb, RespondVerb.Verb, ModelsVerb.Verb, HelpVerb.Verb,
        RerunVerb.Verb, DiffVerb.Verb, MigrateVerb.Verb,
        Verb.Later("signal", "sends an event to a run"),
        ExportVerb.Verb, ImportVerb.Verb, VerifyVerb.Verb,
        GcVerb.Verb, Verb.Later("schedule", "runs a file on time"),
        Verb.Later("serve", "HTTP API and dashboard"), Verb.Later("gateway", "the model gateway alone"),
        KeysVerb.Verb, WhyVerb.Verb, StatsVerb.Verb, RepriceVerb.Verb, PurgeVerb.Verb, Verb.Later("worker", "joins a cluster"),
        Verb.Later("agents", "the agent registry"), Verb.Later("tools", "tools"), Verb.Later("cache", "the cache"), Verb.Later("knowledge", "the knowledge store"),
        Verb.Later("eval", "evaluation suites"), Verb.Later("new", "a new epic"), Verb.Later("plan", "plans an epic"), Verb.Later("pm-view", "an epic for people"),
        Verb.Later("pm", "an epic for people"), Verb.Later("enhance", "improves a text"), Verb.Later("orchestrate", "runs an epic"), Verb.Later("recap", "says what happened"),
        DoctorVerb.Verb, Verb.Later("install", "installs hydra"),
    ];

    public static Verb? Find(string name)
    {
        foreach (var verb in All)
        {
            if (verb.Name == name) return verb;
        }
        return null;
    }

    /// <summary>The verb that these words begin with, and how many words name it: <c>gateway keys</c> is one verb.</summary>
    public static (Verb Verb, int Words)? Find(ReadOnlySpan<string> words)
    {
        if (words.Length > 1 && Find($"{words[0]} {words[1]}") is { } two) return (two, 2);
        return words.Length > 0 && Find(words[0]) is { } one ? (one, 1) : null;
    }
}
