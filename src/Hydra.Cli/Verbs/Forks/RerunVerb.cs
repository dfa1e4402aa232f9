using Hydra.Changes;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra rerun RUN</c>: a fork that keeps what is still valid and does the rest anew. The run itself is not touched.</summary>
internal static class RerunVerb
{
    private static readonly Option From = new("--from", "PATH", "this node anew, and all that depends on it") { IsMany = true };
    private static readonly Option OnlyFailed = Option.Switch("--only-failed", "what failed, hit a budget or was cancelled, single map items among it");
    private static readonly Option Set = new("--set", "NODE.FIELD=VALUE", "another value for a node's field; @FILE reads it from a file") { IsMany = true };
    private static readonly Option SetOutput = new("--set-output", "PATH=TEXT", "the node counts as completed with this output; @FILE reads it from a file") { IsMany = true };

    private static readonly Option UpTo = new("--up-to", "FRAME", "as the run stood after this frame of its journal; for a damaged one");

    public static readonly Verb Verb = new("rerun", "RUN", "runs a changed copy of a run, which keeps what is still valid")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options =
        [
            From, OnlyFailed, Set, SetOutput, UpTo, RunOptions.NewRunId, CommonOptions.RunsDir, RunOptions.AddUsd, RunOptions.AddTokens, CommonOptions.MaxConcurrent, CommonOptions.Rpm,
            CommonOptions.Tpm, RunOptions.Sandbox, RunOptions.Log, CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Quiet, CommonOptions.Help,
        ],
        Notes = "The copy is a new run with its own id. It shares the kept results with the run it comes from, and their spend; what failed there gets new attempts.",
        Run = RerunAsync,
    };

    private static async Task<int> RerunAsync(ParsedArguments arguments, CliIo io)
    {
        if (!arguments.Has(From) && !arguments.Has(OnlyFailed) && !arguments.Has(Set) && !arguments.Has(SetOutput) && !arguments.Has(UpTo))
            throw new UsageException("say what to do anew: --from PATH, --only-failed, --set NODE.FIELD=VALUE, --set-output PATH=TEXT or --up-to FRAME.");
        var run = RunOptions.IdOf(arguments);
        using var store = Wiring.OpenExisting(arguments, io);
        var parent = Wiring.FindRun(store, arguments.Positionals[0]);
        using var workshop = Wiring.Open(ProgramOptions.Of(store, parent.Run), store, io);
        var fork = workshop.Engine.Fork(parent.Run, new ForkRequest
        {
            Run = run,
            TakenUpWith = RunOptions.ToRequest(arguments, io),
            UpTo = arguments.Integer(UpTo, 0, long.MaxValue),
            From = arguments.All(From),
            OnlyFailed = arguments.Has(OnlyFailed),
            Outputs = Outputs(arguments, io),
            Workflow = arguments.Has(Set) ? Edited(workshop, parent.Run, arguments, io) : null,
        });
        if (!arguments.Has(CommonOptions.Quiet)) io.Error.WriteLine($"{fork} forked from {parent.Run}");
        return await ResumeVerb.ResumeAsync(store, store.Find(fork)!, arguments, io);
    }

    private static Dictionary<string, Value> Outputs(ParsedArguments arguments, CliIo io)
    {
        var outputs = new Dictionary<string, Value>(StringComparer.Ordinal);
        foreach (var (path, text) in arguments.Pairs(SetOutput)) outputs[path] = GivenValue.Read(text, io);
        return outputs;
    }

    private static WorkflowSpec Edited(Workshop workshop, RunId parent, ParsedArguments arguments, CliIo io)
    {
        var bundle = workshop.Engine.Load(parent).Bundle;
        var edits = arguments.Pairs(Set).Select(pair => FieldEdit.Parse(pair.Key, GivenValue.Read(pair.Value, io))).ToList();
        return Definitions.Edit(bundle.Workflow, edits, [.. bundle.Inputs.Keys], workshop.Engine.Options.Types, workshop.Engine.Options.ReadDefinition);
    }
}

/// <summary>A value on the command line: JSON where it is one, else text; <c>@FILE</c> is the text of a file, or its data where it ends in <c>.json</c>.</summary>
internal static class GivenValue
{
    public static Value Read(string text, CliIo io)
    {
        if (text.Length < 2 || text[0] != '@') return Parse(text);
        var path = io.PathOf(text[1..]);
        try
        {
            var content = File.ReadAllText(path);
            return path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? Value.ParseJson(content) : Value.Of(content);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            throw new UsageException($"'{text[1..]}' cannot be read: {failed.Message}");
        }
    }

    private static Value Parse(string text)
    {
        try
        {
            return Value.ParseJson(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return Value.Of(text);
        }
    }
}
