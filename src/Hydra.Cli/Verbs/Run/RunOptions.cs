using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>What <c>run</c> and <c>resume</c> take from the command line for the engine.</summary>
internal static class RunOptions
{
    public static readonly Option Gateway = new("--gateway", "FILE", "models come from this gateway configuration, in this process; default HYDRA_GATEWAY_CONFIG");
    public static readonly Option RunId = new("--run-id", "ID", "the run's id; resumes when it exists");
    /// <summary>The same for verbs that make a new run.</summary>
    public static readonly Option NewRunId = new(RunId.Name, "ID", "the new run's id; one is made up by default");
    public static readonly Option Sandbox = new("--sandbox", "NAME", "lets programs run: bubblewrap, docker, or inprocess (with your rights)");
    public static readonly Option BudgetUsd = new("--budget-usd", "USD", "at most so many US dollars");
    public static readonly Option BudgetTokens = new("--budget-tokens", "N", "at most so many tokens");
    public static readonly Option AddUsd = new("--add-budget-usd", "USD", "so many US dollars more than before");
    public static readonly Option AddTokens = new("--add-budget-tokens", "N", "so many tokens more than before");
    public static readonly Option Assume = new("--assume", "NODE=done[:JSON]|not-done", "whether an effect of unknown outcome happened, and its result") { IsMany = true };
    public static readonly Option Dry = Option.Switch("--dry", "stubs instead of calls, on the real scheduler; keeps nothing");
    public static readonly Option DurabilityOption = new("--durability", "full|normal|memory", "how hard results are pressed to disk; default full");
    public static readonly Option Tag = new("--tag", "NAME=VALUE", "a tag on the run") { IsMany = true };
    public static readonly Option Detach = Option.Switch("--detach", "runs in the background and prints the run's id");
    public static readonly Option Wait = Option.Switch("--wait", "stays while people decide, and goes on by itself");
    public static readonly Option Log = new("--log", "FILE", "progress and result go to this file");

    public static readonly Option Reuse = Option.Switch("--reuse", "takes unchanged results of earlier runs instead of paying for them again");

    public static RunRequest ToRequest(ParsedArguments arguments, CliIo io)
    {
        var usd = arguments.Usd(BudgetUsd);
        var tokens = arguments.Integer(BudgetTokens, 1, long.MaxValue);
        return new RunRequest
        {
            MaxConcurrent = (int?)arguments.Integer(CommonOptions.MaxConcurrent, 1, 100_000),
            Rpm = (int?)arguments.Integer(CommonOptions.Rpm, 1, int.MaxValue),
            Tpm = arguments.Integer(CommonOptions.Tpm, 1, long.MaxValue),
            Budget = usd is null && tokens is null ? null : new BudgetSpec { MaxUsd = usd, MaxTokens = tokens },
            AddUsd = arguments.Usd(AddUsd) ?? MicroUsd.Zero,
            AddTokens = arguments.Integer(AddTokens, 1, long.MaxValue) ?? 0,
            Sandbox = arguments.Get(Sandbox),
            Assumptions = [.. arguments.Pairs(Assume).Select(pair => AssumptionOf(pair.Key, pair.Value, io))],
            IsDryRun = arguments.Has(Dry),
            Reuse = arguments.Has(Reuse),
            Tags = arguments.Pairs(Tag).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal),
            WorkingDirectory = io.WorkingDirectory.Length == 0 ? "." : io.WorkingDirectory,
        };
    }

    private static Assumption AssumptionOf(string path, string said, CliIo io)
    {
        var by = ControlOptions.CallerOf(io);
        if (said == "not-done") return new Assumption(path, Happened: false, Value.Null, by);
        if (said == "done") return new Assumption(path, Happened: true, Value.EmptyText, by);
        if (said.StartsWith("done:", StringComparison.Ordinal) && ValueJson.TryParse(said["done:".Length..], out var output)) return new Assumption(path, Happened: true, output, by);
        throw new UsageException($"{Assume.Name} is '{path}={said}'. Write {path}=not-done, {path}=done, or {path}=done:JSON with its result, such as {path}=done:'\"text\"'.");
    }

    public static RunId? IdOf(ParsedArguments arguments)
    {
        if (arguments.Get(RunId) is not { } text) return null;
        return Model.RunId.IsValid(text) ? new RunId(text) : throw new UsageException($"--run-id is '{text}'. Use 1 to 64 letters, digits, '_', '-' or '.', not starting with '.'.");
    }
}
