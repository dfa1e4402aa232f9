using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>The genesis.xml that a run was started from, kept right while the run goes on.</summary>
internal sealed class BlueprintFile : IDisposable
{
    private readonly string _path;
    private readonly bool _isQuiet;
    private readonly CliIo _io;

    private BlueprintFile(string path, GenesisObserver observer, bool isQuiet, CliIo io) => (_path, Observer, _isQuiet, _io) = (path, observer, isQuiet, io);

    public GenesisObserver Observer { get; }

    /// <summary>Null where the run is not of a genesis.xml, or the file is gone. Throws <see cref="UsageException"/> while another run has the file.</summary>
    public static BlueprintFile? Open(string file, string workflow, IRunStore store, bool isQuiet, CliIo io)
    {
        var path = io.PathOf(file);
        if (!IsBlueprint(file) || !File.Exists(path)) return null;
        var observer = GenesisObserver.Open(path, name => store.Read(new RunId(name)), io.Clock)
            ?? throw new UsageException($"another run of '{file}' is going on and writes its progress there. {Ways(workflow, store)} A second run needs a copy of the file.");
        return new BlueprintFile(path, observer, isQuiet, io);
    }

    public static bool IsBlueprint(string file) => file.EndsWith(".xml", StringComparison.OrdinalIgnoreCase);

    /// <summary>The run that has a workflow's file; null where it is not kept in this store.</summary>
    public static RunInfo? RunThatHas(string workflow, IRunStore store) => store.List().FirstOrDefault(info => info.Workflow == workflow && info.Status == RunStatus.Running && store.IsOwned(info.Run));

    /// <summary>What to do about the run that has the file.</summary>
    private static string Ways(string workflow, IRunStore store)
    {
        var going = RunThatHas(workflow, store);
        return going is null ? "`hydra list --status running` names it, unless it is kept under another --runs-dir." : $"Follow it: `hydra inspect {going.Run} --follow`. End it: `hydra cancel {going.Run}`.";
    }

    public void Dispose()
    {
        Observer.Dispose();
        if (Observer.Trouble is { } trouble && !_isQuiet) _io.Error.WriteLine(TerminalText.Of($"{Path.GetFileName(_path)} does not show the run's progress: {trouble}. The journal does."));
    }
}
