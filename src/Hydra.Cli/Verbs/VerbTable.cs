namespace Hydra.Cli.Verbs;

/// <summary>Every verb by its name.</summary>
internal static class VerbTable
{
    /// <summary>In the order of the help.</summary>
    private static readonly string[] Names =
    [
        "run", "validate", "graph", "list", "inspect", "resume", "pause", "cancel", "kill-switch", "approve", "respond", "models", "help",
        "rerun", "diff", "migrate", "signal", "export", "import", "verify", "audit", "policy", "gc", "schedule", "serve", "gateway", "gateway import", "gateway keys", "gateway why", "gateway stats", "gateway tune", "gateway reprice", "gateway purge", "worker",
        "agents", "tools", "memory", "cache", "knowledge", "test", "init", "eval", "new", "plan", "pm-view", "pm view", "enhance", "orchestrate", "recap", "doctor", "install",
    ];

    public static IEnumerable<Verb> All => Names.Select(name => Find(name)!);

    /// <remarks>One verb is made, not all of them: their options are a good part of a short command's time.</remarks>
    public static Verb? Find(string name) => name switch
    {
        "run" => RunVerb.Verb,
        "validate" => ValidateVerb.Verb,
        "graph" => GraphVerb.Verb,
        "list" => ListVerb.Verb,
        "inspect" => InspectVerb.Verb,
        "resume" => ResumeVerb.Verb,
        "pause" => PauseVerb.Verb,
        "cancel" => CancelVerb.Verb,
        "kill-switch" => KillSwitchVerb.Verb,
        "approve" => ApproveVerb.Verb,
        "respond" => RespondVerb.Verb,
        "models" => ModelsVerb.Verb,
        "help" => HelpVerb.Verb,
        "rerun" => RerunVerb.Verb,
        "diff" => DiffVerb.Verb,
        "migrate" => MigrateVerb.Verb,
        "signal" => SignalVerb.Verb,
        "export" => ExportVerb.Verb,
        "import" => ImportVerb.Verb,
        "verify" => VerifyVerb.Verb,
        "audit" => AuditVerb.Verb,
        "policy" => PolicyVerb.Verb,
        "gc" => GcVerb.Verb,
        "schedule" => Verb.Later(name, "runs a file on time"),
        "serve" => Verb.Later(name, "HTTP API and dashboard"),
        "gateway" => GatewayVerb.Verb,
        "gateway import" => ImportLiteLlmVerb.Verb,
        "gateway keys" => KeysVerb.Verb,
        "gateway why" => WhyVerb.Verb,
        "gateway stats" => StatsVerb.Verb,
        "gateway tune" => TuneVerb.Verb,
        "gateway reprice" => RepriceVerb.Verb,
        "gateway purge" => PurgeVerb.Verb,
        "worker" => Verb.Later(name, "joins a cluster"),
        "agents" => AgentsVerb.Verb,
        "tools" => ToolsVerb.Verb,
        "memory" => MemoryVerb.Verb,
        "cache" => CacheVerb.Verb,
        "knowledge" => Verb.Later(name, "the knowledge store"),
        "test" => TestVerb.Verb,
        "init" => InitVerb.Verb,
        "eval" => Verb.Later(name, "evaluation suites"),
        "new" => NewVerb.Verb,
        "plan" => PlanVerb.Verb,
        "pm-view" => PmViewVerb.Verb,
        "pm view" => PmViewVerb.Short,
        "enhance" => EnhanceVerb.Verb,
        "orchestrate" => OrchestrateVerb.Verb,
        "recap" => RecapVerb.Verb,
        "doctor" => DoctorVerb.Verb,
        "install" => InstallVerb.Verb,
        _ => null,
    };

    /// <summary>The verb that these words begin with, and how many words name it: <c>gateway keys</c> is one verb.</summary>
    public static (Verb Verb, int Words)? Find(ReadOnlySpan<string> words)
    {
        if (words.Length > 1 && Find($"{words[0]} {words[1]}") is { } two) return (two, 2);
        return words.Length > 0 && Find(words[0]) is { } one ? (one, 1) : null;
    }
}
