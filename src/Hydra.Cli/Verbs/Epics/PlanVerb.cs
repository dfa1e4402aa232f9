using Hydra.Agents.Files;
using Hydra.Agents.Lifecycle;
using Hydra.Agents.Routing;
using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Parsing;
using Hydra.Parsing.Genesis;
using Hydra.Planning;
using Hydra.Validation;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra plan EPIC</c>: from the brief to a blueprint that is valid, with its parallel sets, critical path and estimate.</summary>
internal static class PlanVerb
{
    /// <summary>How often a model is asked for a plan before it is given up.</summary>
    private const int TriesMax = 3;
    private static readonly Option Force = Option.Switch("--force", "replaces a blueprint that is there; the old one is kept as genesis.xml.bak");

    private static readonly Option Worktrees = Option.Switch("--worktrees", "tasks that change code work in git worktrees of their own, merged into hydra/RUN/+all");
    private static readonly Option Check = new("--check", "COMMAND", "a command that must pass in each worktree: build, test, lint") { IsMany = true };

    public static readonly Verb Verb = new("plan", "EPIC", "plans an epic: brief.md becomes a validated genesis.xml")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Force, Worktrees, Check, CommonOptions.Backend, ProgramOptions.Model, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Quiet, CommonOptions.Help],
        Notes = "Without a model the plan comes from a template, and says so. routing.yaml in the working directory replaces the routing rules.",
        Run = static async (arguments, io) =>
        {
            using var ask = new AgentAsk(arguments, io);
            return await PlanAsync(Epics.Require(arguments.Positionals[0], Epics.BriefFile, $"hydra new {arguments.Positionals[0]}", io), ask, arguments, io);
        },
    };

    /// <remarks>(1) Read brief and rules. (2) Draft, until the draft is valid. (3) Write. (4) Show.</remarks>
    public static async Task<int> PlanAsync(string epic, AgentAsk ask, ParsedArguments arguments, CliIo io)
    {
        // (1)
        var file = Epics.PathOf(epic, Epics.Blueprint);
        var path = io.PathOf(file);
        if (File.Exists(path) && !arguments.Has(Force)) throw new UsageException($"epic '{epic}' is planned already: {file}. Edit it, or plan anew with `hydra plan {epic} --force`.");
        var brief = Brief.Parse(await File.ReadAllTextAsync(io.PathOf(Epics.PathOf(epic, Epics.BriefFile))), epic);
        var rules = RulesOf(io);
        var registry = Wiring.AgentsFor(path, io);
        // (2)
        var (plan, spec, tries) = ask.IsOffline ? FromTemplate(brief, epic, rules, registry, arguments, io) : await FromModelAsync(brief, epic, rules, registry, ask, arguments, io);
        // (3)
        var vision = new GenesisVision(brief.Problem.Length > 0 ? brief.Problem : brief.Title) { Objectives = brief.Success, Criteria = brief.Success, Constraints = brief.Constraints, Assumptions = [.. brief.Assumptions, .. plan.Assumptions] };
        if (File.Exists(path)) File.Move(path, path + ".bak", overwrite: true);
        WholeFile.Write(path, GenesisWriter.Write(spec, io.Clock.GetUtcNow(), vision));
        // (4) what was written, read as `run` reads it
        var read = WorkflowReading.Read(path, null, isStrict: false, Wiring.TypesForReading(), registry);
        if (read.Spec is null || read.Problems.HasErrors) throw new UsageException($"the blueprint does not read back as it was written: {read.Problems.Problems[0]}");
        var linked = read.Spec;
        var planned = Planner.Plan(linked, Wiring.TypesForReading());
        var estimate = EstimateOf(linked, arguments, io);
        if (arguments.Has(CommonOptions.Json)) WriteJson(epic, file, plan, linked, planned, estimate, ask.IsOffline, tries, io);
        else WriteText(epic, file, plan, linked, planned, estimate, ask.IsOffline, io);
        return ExitCode.Done;
    }

    private static (TaskPlan Plan, WorkflowSpec Spec, int Tries) FromTemplate(Brief brief, string epic, RoutingRules rules, AgentRegistry registry, ParsedArguments arguments, CliIo io)
    {
        var plan = Finish(arguments, TemplatePlanner.Plan(brief, new SpecialistRouter(rules, name => registry.Get(name)?.Agent is { } agent && AgentLint.HasItsTools(agent, new ToolRegistry())), HasCode(io)), rules, registry);
        var problems = new ProblemList(Epics.Blueprint);
        var spec = Checked(plan, brief, epic, rules, registry, problems);
        return spec is null ? throw new UsageException($"the template gives no valid plan for this brief: {problems.Problems.First(problem => problem.Severity == ProblemSeverity.Error).Message}") : (plan, spec, 1);
    }

    private static async Task<(TaskPlan Plan, WorkflowSpec Spec, int Tries)> FromModelAsync(Brief brief, string epic, RoutingRules rules, AgentRegistry registry, AgentAsk ask, ParsedArguments arguments, CliIo io)
    {
        var agents = registry.All().Where(each => each is { IsShadowed: false, Agent: { } agent } && AgentLint.HasItsTools(agent, new ToolRegistry())).Select(each => Value.Of(ValueMap.Of(("name", each.Name), ("description", each.Agent!.Description)))).ToList();
        IReadOnlyList<string> wrong = [];
        for (var tries = 1; tries <= TriesMax; tries++)
        {
            var asked = ValueMap.Of(("brief", brief.ToMarkdown()), ("agents", Value.Of(agents)), ("problems", Value.OfTexts(wrong)));
            if (HistoryOf(epic, arguments, io) is { } history) asked = asked.With("history", history);
            var answer = await ask.AskAsync("plan-generator", $"Your task as data:\n{ValueJson.ToText(asked, indented: true)}", epic, "plan", CancellationToken.None);
            var problems = new ProblemList(Epics.Blueprint);
            if (TaskPlan.Of(answer, problems) is { } drafted)
            {
                var plan = Finish(arguments, drafted, rules, registry);
                if (Checked(plan, brief, epic, rules, registry, problems) is { } spec) return (plan, spec, tries);
            }
            wrong = [.. problems.Problems.Where(problem => problem.Severity == ProblemSeverity.Error).Select(problem => $"{problem.Code}: {problem.Message}")];
            if (!arguments.Has(CommonOptions.Quiet)) io.Error.WriteLine($"Plan {tries} of at most {TriesMax} is not valid: {TerminalText.Of(wrong[0])}{(wrong.Count > 1 ? $" (and {wrong.Count - 1} more)" : "")}");
        }
        throw new UsageException($"no valid plan in {TriesMax} tries; the last one: {string.Join(" ", wrong.Take(3))} Try a stronger model (--model strong=ID) or a clearer brief.");
    }

    private static TaskPlan Finish(ParsedArguments arguments, TaskPlan plan, RoutingRules rules, AgentRegistry registry)
    {
        plan = PlanFinisher.WithTiers(PlanFinisher.AddTriggered(plan, rules, FieldsOf), rules, FieldsOf);
        return arguments.Has(Worktrees) || arguments.Has(Check) ? PlanFinisher.InWorktrees(plan, arguments.All(Check), FieldsOf) : plan;

        ValueMap? FieldsOf(string name) => registry.Get(name)?.Agent is { } agent && AgentLint.HasItsTools(agent, new ToolRegistry()) ? agent.Fields : null;
    }

    /// <summary>The workflow of a plan where nothing is wrong with it; what is goes to <paramref name="problems"/>.</summary>
    private static WorkflowSpec? Checked(TaskPlan plan, Brief brief, string epic, RoutingRules rules, AgentRegistry registry, ProblemList problems)
    {
        var types = Wiring.TypesForReading();
        if (PlanFinisher.ToWorkflow(plan, brief, epic, rules, types, problems) is not { } spec) return null;
        var linked = AgentLinker.Link(spec, registry, problems);
        foreach (var problem in WorkflowValidator.Check(linked, types, new ValidationOptions { NearAgents = () => registry.Names }).Problems) problems.Add(problem);
        return problems.HasErrors ? null : spec;
    }

    /// <summary>What earlier runs of the epic have come to, for planning it anew; null: there are none.</summary>
    private static string? HistoryOf(string epic, ParsedArguments arguments, CliIo io)
    {
        if (!Journal.SqliteRunStore.Exists(Wiring.RunsDirOf(arguments, io))) return null;
        using var store = Wiring.OpenExisting(arguments, io);
        return Epics.RunsOf(epic, store) is { Count: > 0 } runs ? RecapVerb.ContextOf(epic, runs, store) : null;
    }

    private static RoutingRules RulesOf(CliIo io)
    {
        var path = io.PathOf(RoutingRules.FileName);
        if (!File.Exists(path)) return RoutingRules.BuiltIn;
        var problems = new ProblemList(RoutingRules.FileName);
        return RoutingRules.Read(File.ReadAllText(path), problems) ?? throw new UsageException(problems.Problems.First(problem => problem.Severity == ProblemSeverity.Error).ToString());
    }

    private static bool HasCode(CliIo io) => RepositorySurvey.HasCode(io.PathOf("."));

    private static CostEstimate EstimateOf(WorkflowSpec spec, ParsedArguments arguments, CliIo io) =>
        CostEstimate.Of(spec, ValueMap.Empty, new ListedPrices(ModelTiers.Resolve(ProgramOptions.Of(arguments), spec, io).Models, io), Wiring.TypesForReading());

    private static void WriteText(string epic, string file, TaskPlan plan, WorkflowSpec spec, Plan planned, CostEstimate estimate, bool isTemplate, CliIo io)
    {
        if (isTemplate) io.Error.WriteLine($"No model is configured: the plan comes from a template, one task for each measure of success. Configure a model and run `hydra plan {epic} --force` for a plan that knows the work.");
        io.Out.WriteLine(TerminalText.Block(ValidateText.Of(spec)));
        var table = new TextTable("task", "agent", "model", "estimate", "why") { Indent = "  " };
        foreach (var task in plan.Tasks)
            table.Add(TerminalText.Of(task.Id), TerminalText.Of(task.Agent), ModelOf(task, spec) + (task.StepsUpTo is { } own ? $" ↑ {own}" : ""), task.EstimateMinutes > 0 ? Amounts.Duration(task.EstimateMinutes * 60_000) : "", TerminalText.Clip(task.Reason, 60));
        io.Out.WriteLine(table);
        io.Out.WriteLine($"  critical path: {string.Join(" → ", CriticalPath.Of(planned).Select(at => planned.Nodes[at].Id.Text))} ({Amounts.Duration(planned.CriticalPathSeconds * 1_000)}; one after another {Amounts.Duration(planned.Nodes.Sum(node => (double)node.Settings.EstimateSeconds) * 1_000)})");
        io.Out.WriteLine($"  cost: {(estimate.Usd is { } usd ? "at most " + Amounts.Usd(usd) : "unknown")} for one call a task; an agent's own budget bounds the rest");
        foreach (var left in plan.Uncovered) io.Error.WriteLine($"Not covered by any task: {TerminalText.Of(left)}");
        io.Error.WriteLine($"wrote {file}   Next: hydra run {epic}");
    }

    private static string ModelOf(TaskDraft task, WorkflowSpec spec) => task.Model ?? spec.AgentFieldsOf(task.Agent)?.GetOrNull("model").TextOrNull ?? TierRouter.Default;

    private static void WriteJson(string epic, string file, TaskPlan plan, WorkflowSpec spec, Plan planned, CostEstimate estimate, bool isTemplate, int tries, CliIo io) =>
        io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(
            ("epic", epic), ("blueprint", file), ("planner", isTemplate ? "template" : "plan-generator"), ("tries", tries), ("tasks", plan.Tasks.Count),
            ("parallel_sets", Value.Of(Waves.Of(spec).Select(wave => Value.OfTexts(wave.Select(id => id.Text))))),
            ("critical_path", Value.OfTexts(CriticalPath.Of(planned).Select(at => planned.Nodes[at].Id.Text))), ("critical_path_seconds", (double)planned.CriticalPathSeconds),
            ("agents", ValueMap.Of(plan.Tasks.Select(task => KeyValuePair.Create(task.Id, Value.Of(ValueMap.Of(("agent", task.Agent), ("model", ModelOf(task, spec)), ("steps_up_to", task.StepsUpTo is null ? Value.Null : Value.Of(task.StepsUpTo)), ("why", task.Reason))))))),
            ("uncovered", Value.OfTexts(plan.Uncovered)), ("estimate", estimate.ToJson())), indented: true));
}
