using System.Security.Cryptography;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra run FILE|RUN</c>: runs a file, or goes on with a run that exists.</summary>
internal static class RunVerb
{
    public static readonly Verb Verb = new("run", "FILE|RUN", "runs a workflow; goes on with a run that exists")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options =
        [
            CommonOptions.Input, CommonOptions.Inputs, RunOptions.RunId, CommonOptions.RunsDir, CommonOptions.Backend, ProgramOptions.Model, RunOptions.Gateway, RunOptions.Sandbox,
            CommonOptions.MaxConcurrent, CommonOptions.Rpm, CommonOptions.Tpm, RunOptions.BudgetUsd, RunOptions.BudgetTokens, RunOptions.Dry,
            RunOptions.DurabilityOption, RunOptions.Tag, RunOptions.Detach, RunOptions.Wait, FollowVerb.InPlace, RunOptions.Log, CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Quiet, CommonOptions.Help,
            ReplayOptions.Record, ReplayOptions.Replay, ReplayOptions.ReplayRun, ReplayOptions.ReplayMissing,
            RunOptions.Reuse, Option.Later("--chaos", "FILE"),
        ],
        Notes = "Exit codes: 0 done, 1 failed or cancelled, 2 bad usage or invalid file, 3 paused (people are left to wait for), 4 budget exceeded, 5 kill switch, 130 interrupted.",
        Run = RunAsync,
    };

    private static async Task<int> RunAsync(ParsedArguments arguments, CliIo io)
    {
        var target = Epics.FileOf(arguments.Positionals[0], io);
        if (File.Exists(io.PathOf(target)) || !IsKnownRun(target, arguments, io)) return await RunFileAsync(target, arguments, io);
        if (arguments.Has(CommonOptions.Input) || arguments.Has(CommonOptions.Inputs)) throw new UsageException($"'{target}' is a run, and a run keeps the inputs it was started with. Leave -i out.");
        RefuseWhatIsPinned(target, arguments);
        using var store = Wiring.OpenExisting(arguments, io);
        return await ResumeVerb.ResumeAsync(store, store.Find(new RunId(target))!, arguments, io);
    }

    /// <summary>Passed over, these would have calls made and paid that were to be replayed, stubbed or asked of others.</summary>
    private static void RefuseWhatIsPinned(string run, ParsedArguments arguments)
    {
        Option[] ofNewRuns = [RunOptions.Dry, ReplayOptions.Replay, ReplayOptions.ReplayRun, ReplayOptions.ReplayMissing, CommonOptions.Backend, ProgramOptions.Model, RunOptions.Gateway, RunOptions.Tag];
        if (Array.Find(ofNewRuns, arguments.Has) is { } given) throw new UsageException($"'{run}' is a run, and {given.Name} is for new ones. Leave it out to go on with the run, or name the workflow's file in its place.");
        if (arguments.Get(RunOptions.RunId) is { } id && id != run) throw new UsageException($"'{run}' is a run and keeps its id. Leave {RunOptions.RunId.Name} out, or make a copy: hydra rerun {run} --run-id {id}.");
    }

    private static bool IsKnownRun(string target, ParsedArguments arguments, CliIo io)
    {
        if (!RunId.IsValid(target) || !SqliteRunStore.Exists(Wiring.RunsDirOf(arguments, io))) return false;
        using var store = Wiring.OpenExisting(arguments, io);
        return store.Find(new RunId(target)) is not null;
    }

    private static async Task<int> RunFileAsync(string file, ParsedArguments arguments, CliIo io)
    {
        // (1) everything that can be wrong, before anything is made
        var options = ProgramOptions.Of(arguments);
        var request = RunOptions.ToRequest(arguments, io);
        var run = RunOptions.IdOf(arguments);
        var cassette = ReplayOptions.CassetteOf(arguments, io);
        if (cassette is not null) options = options.Over(cassette.Head.Options);
        var durability = arguments.Choice(RunOptions.DurabilityOption, "full", "full", "normal", "memory");
        var takesRecorded = cassette is not null && !arguments.Has(CommonOptions.Input) && !arguments.Has(CommonOptions.Inputs);
        var read = WorkflowReading.Read(io.PathOf(file), takesRecorded ? null : GivenInputs.Read(arguments, io), isStrict: false, Wiring.TypesForReading(), Wiring.AgentsFor(io.PathOf(file), io));
        if (read.Spec is null || read.Problems.HasErrors) return Invalid(read.Problems, arguments, io);
        if (!arguments.Has(CommonOptions.Quiet)) ProblemText.WriteBriefly(read.Problems, arguments.Positionals[0], io.Error);
        if (!arguments.Has(RunOptions.Gateway)) options = ModelTiers.Resolve(options, read.Spec, io);
        if (Epics.EpicOf(file, io) is { } epic) request = request with { Tags = new Dictionary<string, string>(request.Tags, StringComparer.Ordinal) { [Epics.Tag] = epic } };
        request = request with { Inputs = takesRecorded ? cassette!.Head.Inputs : read.Inputs, Cassette = cassette, Options = options.ToBundle() };
        if (arguments.Has(RunOptions.Detach)) return await Detached.StartAsync(run ?? NewRunId(), arguments, io);
        // (2) the store
        using var gateway = Wiring.OpenGateway(options.Backend, io);
        var keepsNothing = durability == "memory" || request.IsDryRun;
        // A run that keeps nothing obeys the folder's kill switch all the same.
        using var shared = keepsNothing && SqliteRunStore.Exists(Wiring.RunsDirOf(arguments, io)) ? Wiring.OpenExisting(arguments, io) : null;
        using IRunStore store = keepsNothing ? new MemoryRunStore(killSwitch: shared?.Switch) : Wiring.OpenStore(Wiring.RunsDirOf(arguments, io), durability == "normal" ? Durability.Normal : Durability.Full, io);
        if (run is { } id && store.Find(id) is { } existing)
        {
            RefuseChange(existing, read, store, arguments, io);
            if (cassette is not null && existing.Status != RunStatus.Completed) throw new UsageException($"run '{existing.Run}' exists, and going on with it would make real calls. A replay is a run of its own: choose another {RunOptions.RunId.Name}, or leave it out.");
            return await ResumeVerb.ResumeAsync(store, existing, arguments, io);
        }
        // (3) the run
        using var workshop = Wiring.Open(options, store, io, gateway, cassette, arguments.Get(RunOptions.Gateway));
        var workflow = options.Apply(read.Spec);
        if (!request.IsDryRun) CheckModels(workflow, workshop);
        request = request with { Run = run ?? NewRunId() };
        return await RunSession.FollowAsync(workshop, arguments, io, request, !keepsNothing, workflow, (asked, stop) => workshop.Engine.RunAsync(workflow, asked, stop));
    }

    private static int Invalid(ProblemList problems, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json)) RunOutput.WriteJson(null, ExitCode.Usage, ValueMap.Empty, problems.Problems, io);
        else ProblemText.Write(problems, io.Error, ProblemSeverity.Warning);
        return ExitCode.Usage;
    }

    /// <summary>A run is pinned to its definition and inputs: a changed copy is another run.</summary>
    private static void RefuseChange(RunInfo existing, CheckedWorkflow read, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        if (existing.DefinitionHash != read.Spec!.Hash)
            throw ChangeRefusal.Of(existing.Run, read.Spec, store, arguments.Positionals[0], io);
        if (!arguments.Has(CommonOptions.Input) && !arguments.Has(CommonOptions.Inputs)) return;
        var started = (RunEvent.RunStarted)store.Read(existing.Run).First().Events[0];
        var known = store.Artifacts.Read(started.Bundle).AsObject["inputs"];
        if (known != Value.Of(read.Inputs)) throw new UsageException($"run '{existing.Run}' was started with other inputs. Go on with those it has: hydra resume {existing.Run}. Or start a new run: leave --run-id out.");
    }

    /// <summary>Models that nobody answers for are found before the first token is spent, not at the node that names them.</summary>
    private static void CheckModels(WorkflowSpec workflow, Workshop workshop)
    {
        var problems = Validation.WorkflowValidator.Check(workflow, workshop.Engine.Options.Types, new Validation.ValidationOptions { Models = workshop.Models });
        if (problems.Problems.FirstOrDefault(problem => problem.Code == ProblemCodes.UnknownModel && problem.Severity == ProblemSeverity.Error) is { } unknown) throw new UsageException(unknown.ToString());
    }

    public static RunId NewRunId() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)));
}
