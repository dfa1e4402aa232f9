using Hydra.Agents.Files;
using Hydra.Agents.Memory;
using Hydra.Agents.Nodes;
using Hydra.Agents.Tools;
using Hydra.Gateway;
using Hydra.Gateway.Prices;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Policies;

namespace Hydra.Cli;

/// <summary>The one place where the parts of Hydra meet.</summary>
internal static class Wiring
{
    /// <summary>Node types that can be checked and planned; to run them, models are needed.</summary>
    public static IReadOnlyDictionary<string, INodeType> TypesForReading() => NodeTypes.Of([.. NodeTypes.Core, new AgentNode(), new ToolNode(), .. PatternTypes.All]);

    /// <summary>The agent files that a workflow may name.</summary>
    /// <param name="file">The workflow; null: none, only the working directory counts.</param>
    public static AgentRegistry AgentsFor(string? file, CliIo io) =>
        AgentRegistry.Of(file is null ? null : Path.GetDirectoryName(Path.GetFullPath(file)), io.WorkingDirectory, io.Environment("HOME") is { Length: > 0 } home ? home : null);

    /// <summary>Everything a run needs. The options come from the command line, or from the bundle of the run that goes on.</summary>
    /// <param name="gatewayFile">Configuration of a gateway whose pipeline answers in this process; null: the one that HYDRA_GATEWAY_CONFIG names, if any.</param>
    /// <param name="cassette">The recording that answers in place of the models; null: they are asked.</param>
    public static Workshop Open(ProgramOptions options, IRunStore store, CliIo io, ModelGateway? gateway = null, Cassette? cassette = null, string? gatewayFile = null)
    {
        var replayed = cassette is null ? null : new ReplayedModels(options, cassette, io);
        gateway = replayed?.Gateway ?? gateway ?? OpenGateway(options.Backend, io);
        IModelClients models = replayed is not null ? replayed
            : (gatewayFile ?? (io.Environment("HYDRA_GATEWAY_CONFIG") is { Length: > 0 } named ? named : null)) is { } file && options.Backend is null ? PipelineModels.Open(io.PathOf(file), options.Models, io)
            : new DirectRunModels(gateway, options.Models, io);
        var types = NodeTypes.Of([.. NodeTypes.Core, new AgentNode(models, models.GetClient, store is SqliteRunStore kept ? new ToolRegistry { Memory = AgentMemory.In(kept.Folder) } : null), new ToolNode(), .. PatternTypes.All]);
        var engine = new Engine(new EngineOptions
        {
            Types = types,
            Store = store,
            ReadDefinition = (written, file, files) => options.Apply(Definitions.ReadBundle(written, file, files, types)),
            Clock = io.Clock,
            Environment = io.Environment,
            ProjectPolicy = PolicyOf(io),
        });
        return new Workshop(engine, gateway, models);
    }

    /// <summary>The rules of the project; null: it has none. A file that cannot be read stops everything: rules that are not understood must not be passed over.</summary>
    public static PolicySpec? PolicyOf(CliIo io)
    {
        var problems = new ProblemList(PolicyFile.Name);
        var policy = PolicyOf(io, problems);
        return problems.HasErrors ? throw new UsageException(problems.Problems.First(problem => problem.Severity == ProblemSeverity.Error).ToString()) : policy;
    }

    /// <summary>The rules of the project with everything that is wrong with their file.</summary>
    public static PolicySpec? PolicyOf(CliIo io, ProblemList problems) => io.PathOf(PolicyFile.Name) is var path && File.Exists(path) ? PolicyFile.Read(File.ReadAllBytes(path), problems) : null;

    public static ModelGateway OpenGateway(string? backend, CliIo io)
    {
        var configured = GatewayOptions.FromEnvironment(io.Environment);
        return OpenGateway(backend is null ? configured : configured with { Backend = backend });
    }

    public static ModelGateway OpenGateway(GatewayOptions configured)
    {
        try
        {
            return new ModelGateway(configured);
        }
        catch (Exception wrong) when (wrong is ArgumentException or PriceFileException)
        {
            throw new UsageException(wrong.Message.Replace(" (Parameter 'options')", "", StringComparison.Ordinal));
        }
    }

    /// <summary>The store of a runs directory that must already hold runs; looking makes nothing.</summary>
    public static SqliteRunStore OpenExisting(ParsedArguments arguments, CliIo io)
    {
        var folder = RunsDirOf(arguments, io);
        if (!SqliteRunStore.Exists(folder)) throw new UsageException($"there are no runs in '{arguments.Get(CommonOptions.RunsDir) ?? CommonOptions.RunsDirByDefault}'. Start one with `hydra run FILE`, or name the folder with --runs-dir.");
        return OpenStore(folder, Durability.Full, io);
    }

    public static SqliteRunStore OpenStore(string folder, Durability durability, CliIo io) => SqliteRunStore.Open(folder, durability, told => io.Error.WriteLine(TerminalText.Of(told)));

    public static string RunsDirOf(ParsedArguments arguments, CliIo io)
    {
        var named = arguments.Get(CommonOptions.RunsDir) ?? CommonOptions.RunsDirByDefault;
        var folder = io.PathOf(named);
        return File.Exists(folder) ? throw new UsageException($"runs are kept in a folder, and '{named}' is a file. Name another with {CommonOptions.RunsDir.Name}.") : folder;
    }

    /// <summary>A run by its id, or by the beginning of one that is unique.</summary>
    public static RunInfo FindRun(IRunStore store, string text)
    {
        if (RunId.IsValid(text) && store.Find(new RunId(text)) is { } exact) return exact;
        if (Epics.IsName(text) && Epics.RunsOf(text, store) is { Count: > 0 } ofEpic) return ofEpic[0];
        var known = store.List().ToList();
        var matching = known.Where(info => text.Length >= 4 && info.Run.Text.StartsWith(text, StringComparison.Ordinal)).ToList();
        if (matching.Count == 1) return matching[0];
        if (matching.Count > 1) throw new UsageException($"'{text}' is the beginning of {matching.Count} runs: {string.Join(", ", matching.Take(5).Select(info => info.Run.Text))}. Write more of it.");
        throw new UsageException($"there is no run '{text}' here.{DidYouMean.Hint(text, known.Select(info => info.Run.Text))} `hydra list` shows the runs of this folder.");
    }
}

/// <summary>An engine with its models.</summary>
internal sealed record Workshop(Engine Engine, ModelGateway Gateway, IModelClients Models) : IDisposable
{
    public void Dispose()
    {
        Gateway.Dispose();
        (Models as IDisposable)?.Dispose();
    }
}
