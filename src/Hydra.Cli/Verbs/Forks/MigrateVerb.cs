using Hydra.Changes;
using Hydra.Model;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra migrate RUN FILE</c>: what a changed file would keep of a run, and a fork of the run that is pinned to it.</summary>
internal static class MigrateVerb
{
    private static readonly Option DryRun = Option.Switch("--dry-run", "says what would be kept and what done anew; writes nothing (the default)");
    private static readonly Option Apply = Option.Switch("--apply", "makes a fork that is pinned to the file; `hydra resume` takes it up");

    public static readonly Verb Verb = new("migrate", "RUN FILE", "moves a run to a changed file")
    {
        PositionalsMin = 2,
        PositionalsMax = 2,
        Options = [DryRun, Apply, RunOptions.NewRunId, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "The run itself is not touched. Exit code 1: it is refused, and the reasons are printed.",
        Run = static (arguments, io) => Task.FromResult(Migrate(arguments, io)),
    };

    private static int Migrate(ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(DryRun) && arguments.Has(Apply)) throw new UsageException("--dry-run and --apply exclude each other.");
        var id = RunOptions.IdOf(arguments);
        using var store = Wiring.OpenExisting(arguments, io);
        var run = Wiring.FindRun(store, arguments.Positionals[0]).Run;
        var options = ProgramOptions.Of(store, run);
        var read = WorkflowReading.Read(io.PathOf(arguments.Positionals[1]), null, isStrict: false, Wiring.TypesForReading(), Wiring.AgentsFor(io.PathOf(arguments.Positionals[1]), io));
        if (read.Spec is null || read.Problems.HasErrors)
        {
            ProblemText.Write(read.Problems, io.Error, ProblemSeverity.Warning);
            return ExitCode.Usage;
        }
        using var workshop = Wiring.Open(options, store, io);
        var workflow = options.Apply(read.Spec);
        var migration = workshop.Engine.Examine(run, workflow);
        if (migration.Change.IsEmpty) throw new UsageException($"'{arguments.Positionals[1]}' is what run '{run}' is pinned to already; there is nothing to migrate.");
        var isRefused = migration.Refusals.Count > 0;
        var inputs = Inputs(workflow, workshop.Engine.Load(run).Bundle.Inputs, workshop.Engine.Options.Types);
        RunId? fork = isRefused || !arguments.Has(Apply) ? null : workshop.Engine.Fork(run, new ForkRequest { Run = id, Workflow = workflow, Inputs = inputs });
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ToJson(run, fork, migration), indented: true));
        else Print(run, fork, migration, arguments, io);
        return isRefused ? ExitCode.Failed : ExitCode.Done;
    }

    /// <summary>The run's inputs for a definition that may take others.</summary>
    private static ValueMap Inputs(WorkflowSpec workflow, ValueMap known, IReadOnlyDictionary<string, INodeType> types)
    {
        var problems = new ProblemList(workflow.File);
        var given = known.Where(pair => workflow.Inputs?.ContainsKey(pair.Key) ?? true).ToDictionary(pair => pair.Key, pair => GivenInput.OfValue(pair.Value), StringComparer.Ordinal);
        return InputBinder.Bind(workflow, given, [.. WorkflowValidator.ExpectedInputs(workflow, types).Keys], problems)
            ?? throw new UsageException($"the run's inputs do not fit the file: {problems.Problems.First(problem => problem.Severity == ProblemSeverity.Error).Message} A run keeps the inputs that it was started with: give the input a default, or start a new run.");
    }

    private static void Print(RunId run, RunId? fork, Migration migration, ParsedArguments arguments, CliIo io)
    {
        io.Out.WriteLine(TerminalText.Block(migration.Change.ToString().TrimEnd('\n')));
        io.Out.WriteLine();
        Lines("refused", migration.Refusals, io);
        io.Out.WriteLine(migration.Kept.Count == 0 ? "kept: nothing" : $"kept: {TerminalText.Of(string.Join(", ", migration.Kept))}");
        Lines("done anew", migration.Invalidated, io);
        var where = CommonOptions.WhereOf(arguments);
        if (fork is { } made) io.Error.WriteLine($"{made} forked from {run}, pinned to {arguments.Positionals[1]}. Take it up: hydra resume {made}{where}");
        else if (migration.Refusals.Count > 0) io.Error.WriteLine($"hydra: run '{run}' cannot be migrated as it stands.");
        else io.Error.WriteLine($"Nothing was written. Do it: hydra migrate {run} {arguments.Positionals[1]}{where} --apply");
    }

    private static void Lines(string head, IReadOnlyList<MigrationLine> lines, CliIo io)
    {
        if (lines.Count == 0) return;
        io.Out.WriteLine($"{head}:");
        foreach (var line in lines) io.Out.WriteLine($"  {line.Node}: {TerminalText.Of(line.Reason)}");
    }

    private static ValueMap ToJson(RunId run, RunId? fork, Migration migration) => ValueMap.Of(
        ("run_id", run.Text), ("fork", fork is { } made ? Value.Of(made.Text) : Value.Null), ("change", ChangeJson.Of(migration.Change)),
        ("kept", Value.OfTexts(migration.Kept)), ("invalidated", Lines(migration.Invalidated)), ("refusals", Lines(migration.Refusals)));

    private static Value Lines(IReadOnlyList<MigrationLine> lines) => Value.Of(lines.Select(line => Value.Of(ValueMap.Of(("node", line.Node), ("reason", line.Reason)))));
}

/// <summary>Why a run does not go on with a changed file, and what to do.</summary>
internal static class ChangeRefusal
{
    public static UsageException Of(RunId run, WorkflowSpec file, IRunStore store, string name, CliIo io)
    {
        var types = Wiring.TypesForReading();
        var pinned = RunDefinition.Of(store, run, (written, from, files) => Definitions.ReadBundle(written, from, files, types), workflow => Planning.Planner.Plan(workflow, types))!.Bundle.Workflow;
        io.Error.WriteLine(TerminalText.Block(DefinitionChange.Between(pinned, file).ToString().TrimEnd('\n')));
        return new UsageException($"run '{run}' was started from another version of this file; what differs stands above. Go on with the version it has: hydra resume {run}. "
            + $"Keep what is still valid under the new one: hydra migrate {run} {name}. Change one field and do what depends on it anew: hydra rerun {run} --set NODE.FIELD=VALUE. Or start a new run: leave --run-id out.");
    }
}

/// <summary>A change of a definition as JSON.</summary>
internal static class ChangeJson
{
    public static Value Of(DefinitionChange change) => ValueMap.Of(
        ("file", Fields(change.Workflow)),
        ("nodes", Value.Of(change.Nodes.Select(node => Value.Of(ValueMap.Of(("node", node.Node), ("change", WireNames.Of(node.Kind)), ("fields", Fields(node.Fields))))))));

    private static Value Fields(IReadOnlyList<FieldChange> fields) =>
        Value.Of(fields.Select(field => Value.Of(ValueMap.Of(("field", field.Field), ("before", field.Before ?? Value.Null), ("after", field.After ?? Value.Null)))));
}
