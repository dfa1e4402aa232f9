using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra recap EPIC|RUN</c>: what a run was, computed from its events.</summary>
internal static class RecapVerb
{
    private static readonly Option Format = new("--format", "md|html|json", "default md");
    private static readonly Option OutFile = new("--out", "FILE", "writes it there; its ending decides the format");
    private static readonly Option Prose = Option.Switch("--prose", "a few words by the editor on top");
    private static readonly Option Runbook = Option.Switch("--runbook", "an operating procedure from what was seen");
    private static readonly Option Context = Option.Switch("--context", "what whoever takes the epic up again has to know; never longer than 16,000 characters");
    private static readonly Option Advise = Option.Switch("--advise", "cheaper or faster choices, with the evidence of this epic's runs");

    public static readonly Verb Verb = new("recap", "EPIC|RUN", "what happened, computed from events: estimates, critical path, cost, decisions, learnings")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Format, OutFile, Prose, Runbook, Advise, Context, CommonOptions.Backend, ProgramOptions.Model, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "Of an epic, its latest run.",
        Run = RunAsync,
    };

    private static async Task<int> RunAsync(ParsedArguments arguments, CliIo io)
    {
        using var store = Wiring.OpenExisting(arguments, io);
        var target = arguments.Positionals[0];
        var runs = RunsOf(target, store, io);
        var recap = Of(store, runs[0].Run);
        if (arguments.Has(Advise)) return ShowAdvice(runs, store, arguments, io);
        if (arguments.Has(Context))
        {
            io.Out.Write(TerminalText.Block(ContextOf(target, runs, store)));
            return ExitCode.Done;
        }
        var file = arguments.Get(OutFile);
        var byEnding = Path.GetExtension(file ?? "") switch { ".html" or ".htm" => "html", ".json" => "json", _ => "md" };
        var format = arguments.Has(CommonOptions.Json) ? "json" : arguments.Choice(Format, byEnding, "md", "html", "json");
        var prose = arguments.Has(Prose) ? await ProseAsync(recap, target, arguments, io) : null;
        var text = arguments.Has(Runbook) ? RunbookOf(recap, format) : format switch { "html" => RecapHtml.Of(recap, prose), "json" => ValueJson.ToText(ToJson(recap), indented: true) + "\n", _ => RecapMarkdown.Of(recap, prose) };
        if (file is null)
        {
            io.Out.Write(io.IsOutTerminal ? TerminalText.Block(text) : text);
            return ExitCode.Done;
        }
        WholeFile.Write(Path.GetFullPath(io.PathOf(file)), text);
        io.Error.WriteLine($"wrote {file}");
        return ExitCode.Done;
    }

    private static string RunbookOf(Recap recap, string format) => format switch
    {
        "html" => throw new UsageException("--runbook is written as Markdown. Leave --format html out."),
        "json" => ValueJson.ToText(ValueMap.Of(("run_id", recap.Run), ("workflow", recap.Workflow), ("runbook", RecapMarkdown.Runbook(recap))), indented: true) + "\n",
        _ => RecapMarkdown.Runbook(recap),
    };

    /// <summary>The runs that an argument names, the latest first: all of an epic's, or the one. Throws <see cref="UsageException"/>.</summary>
    public static IReadOnlyList<RunInfo> RunsOf(string target, IRunStore store, CliIo io)
    {
        if (Epics.EpicOf(target, io) is not { } epic)
        {
            if (!store.List().Any(info => info.Run.Text.StartsWith(target, StringComparison.Ordinal)) && Epics.RunsOf(target, store).Count == 0) Epics.RefuseUnplanned(target, io);
            return [Wiring.FindRun(store, target)];
        }
        var runs = Epics.RunsOf(epic, store);
        return runs.Count > 0 ? runs : throw new UsageException($"epic '{epic}' has not been run yet. Start it with `hydra run {epic}`.");
    }

    /// <summary>An epic's history, bounded: <see cref="EpicContext"/> over its latest runs.</summary>
    public static string ContextOf(string epic, IReadOnlyList<RunInfo> runs, IRunStore store)
    {
        const int RunsMax = 50;
        var (plan, _) = RunReading.PlanOf(store, runs[0].Run);
        return EpicContext.Of(epic, plan.Workflow.Description ?? epic, [.. runs.Take(RunsMax).Select(info => Of(store, info.Run))]);
    }

    public static Recap Of(IRunStore store, RunId run) => Recap.Of(RunReading.TraceOf(store, run), store.Read(run), store.Artifacts.Read);

    private static async Task<string?> ProseAsync(Recap recap, string target, ParsedArguments arguments, CliIo io)
    {
        using var ask = new AgentAsk(arguments, io);
        if (ask.IsOffline)
        {
            io.Error.WriteLine("No model is configured, so there is no prose: the recap is computed.");
            return null;
        }
        var said = await ask.AskAsync("editor", $"Sum this recap up for a reader with one minute, in at most six plain sentences. Every figure must stand in it.\n\n{RecapMarkdown.Of(recap)}", Epics.IsName(target) ? target : "run", "recap", CancellationToken.None);
        return said.IsObject ? said.AsObject.GetOrNull("text").TextOrNull ?? said.ToDisplayText() : said.ToDisplayText();
    }

    private static int ShowAdvice(IReadOnlyList<RunInfo> runs, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        const int RunsMax = 20;
        var prices = new ListedPrices(ValueMap.Empty, io);
        var tiers = AgentFields.Tiers.Select(tier => (tier, ModelTiers.ModelOf(tier, io))).Select(each => (each.tier, each.Item2, prices.Resolve(each.Item2).Price)).ToList();
        var advice = Adviser.Of([.. runs.Take(RunsMax).Select(info => Of(store, info.Run))], tiers);
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(Value.Of(advice.Select(each => Value.Of(ValueMap.Of(("advice", each.What), ("evidence", each.Evidence))))), indented: true));
        else if (advice.Count == 0) io.Out.WriteLine("The figures suggest nothing.");
        else foreach (var each in advice) io.Out.WriteLine(TerminalText.Block($"- {each.What}\n  {each.Evidence}"));
        return ExitCode.Done;
    }

    private static ValueMap ToJson(Recap recap) => ValueMap.Of(
        ("run_id", recap.Run), ("workflow", recap.Workflow), ("status", WireNames.Of(recap.Status)), ("reason", recap.Reason), ("makespan_ms", recap.MakespanMs), ("busy_ms", recap.BusyMs),
        ("speed_up", recap.SpeedUp), ("peak", recap.Peak), ("parallel_efficiency", recap.Efficiency), ("critical_path", Value.OfTexts(recap.CriticalPath)), ("critical_path_ms", recap.CriticalPathMs),
        ("estimated_path", Value.OfTexts(recap.EstimatedPath)), ("estimated_ms", recap.EstimatedMs), ("spent", recap.Spent.ToValue()), ("retries", recap.Retries), ("resumes", recap.Resumes),
        ("tasks", Value.Of(recap.Tasks.Select(task => Value.Of(ValueMap.Of(
            ("task", task.Path), ("agent", task.Agent), ("status", WireNames.Of(task.Status)), ("estimate_ms", task.EstimateMs is { } expected ? Value.Of(expected) : Value.Null),
            ("took_ms", task.TookMs is { } took ? Value.Of(took) : Value.Null), ("attempts", task.Attempts), ("cost_usd", (double)task.Spent.Usd.Usd), ("tokens", task.Spent.Tokens.Total),
            ("took_over", task.TookOver is { } other ? Value.Of(other) : Value.Null), ("chosen", task.Chosen is { } why ? Value.Of(why) : Value.Null)))))),
        ("agents", Shares(recap.Agents)), ("models", Shares(recap.Models)), ("decisions", Facts(recap.Decisions)), ("learnings", Facts(recap.Learnings)), ("blockers", Facts(recap.Blockers)));

    private static Value Shares(IReadOnlyList<RecapShare> shares) => Value.Of(shares.Select(share => Value.Of(ValueMap.Of(
        ("name", share.Name), ("calls", share.Calls), ("failed", share.Failed), ("tokens", share.Tokens), ("cost_usd", (double)share.Cost.Usd), ("busy_ms", share.BusyMs)))));

    private static Value Facts(IReadOnlyList<RecapFact> facts) => Value.Of(facts.Select(fact => Value.Of(ValueMap.Of(("where", fact.Where), ("what", fact.What)))));
}
