using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Cli;

/// <summary>One question to an agent outside any epic's run, as a run of its own: journaled, budgeted and found by <c>hydra list</c>.</summary>
internal sealed class AgentAsk(ParsedArguments arguments, CliIo io) : IDisposable
{
    private Journal.SqliteRunStore? _store;

    /// <summary>No model is there that could think of anything: what needs one uses templates and says so.</summary>
    public bool IsOffline { get; } = IsOfflineFor(arguments, io);

    /// <summary>The agent's answer, in the shape of its <c>outputs</c>. Throws <see cref="UsageException"/> where it gave none.</summary>
    /// <param name="step">What the question is for: the tag of its run.</param>
    public async Task<Value> AskAsync(string agent, string prompt, string epic, string step, CancellationToken cancellationToken)
    {
        var types = Wiring.TypesForReading();
        var (spec, problems) = WorkflowParser.Parse(ValueJson.ToUtf8(ValueMap.Of(
            ("name", $"{step}-{epic}"), ("defaults", ValueMap.Of(("model", "balanced"))),
            ("nodes", Value.Of([Value.Of(ValueMap.Of(("id", "ask"), ("type", ModelCallFields.NodeType), ("agent", agent), ("prompt", "{% raw %}" + prompt.Replace("{%", "{ %", StringComparison.Ordinal) + "{% endraw %}")))])))), $"{step}.yaml", types);
        if (spec is not null) spec = AgentLinker.Link(spec, Wiring.AgentsFor(null, io), problems);
        if (problems.Problems.FirstOrDefault(problem => problem.Severity == ProblemSeverity.Error) is { } wrong) throw new UsageException(wrong.ToString());
        var options = ModelTiers.Resolve(ProgramOptions.Of(arguments), spec!, io);
        _store ??= Wiring.OpenStore(Wiring.RunsDirOf(arguments, io), Durability.Full, io);
        using var workshop = Wiring.Open(options, _store, io);
        var report = await workshop.Engine.RunAsync(options.Apply(spec!), new RunRequest
        {
            Run = Verbs.RunVerb.NewRunId(), Options = options.ToBundle(), Tags = new Dictionary<string, string>(StringComparer.Ordinal) { [Epics.Tag] = epic, [Epics.StepTag] = step },
            WorkingDirectory = io.WorkingDirectory.Length == 0 ? "." : io.WorkingDirectory,
        }, cancellationToken);
        if (report.Status == RunStatus.Completed && report.Outputs.TryGetValue("ask", out var answer)) return answer;
        throw new UsageException($"the agent '{agent}' gave no answer: {report.Reason} See `hydra inspect {report.Run}`.");
    }

    public void Dispose() => _store?.Dispose();

    private static bool IsOfflineFor(ParsedArguments arguments, CliIo io)
    {
        if (arguments.Get(CommonOptions.Backend) is { } backend) return backend == "offline";
        if (io.Environment("HYDRA_GATEWAY_CONFIG") is { Length: > 0 }) return false;
        using var gateway = Wiring.OpenGateway(null, io);
        return gateway.IsOfflineByDefault || io.Environment("HYDRA_BACKEND") == "offline";
    }
}
