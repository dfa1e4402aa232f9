using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra export RUN</c>: one run as one portable file.</summary>
internal static class ExportVerb
{
    private static readonly Option Output = new("--output", "FILE", "the file to write; default RUN.hydra") { Short = "-o" };
    private static readonly Option Force = Option.Switch("--force", "replaces a file that is there");

    public static readonly Verb Verb = new("export", "RUN", "writes a run to one portable file")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Output, Force, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "The file holds the run's journal, prompts and answers included, and every artifact it refers to.",
        Run = static (arguments, io) =>
        {
            using var store = Wiring.OpenExisting(arguments, io);
            var info = RunRow.AsItStands(Wiring.FindRun(store, arguments.Positionals[0]), store);
            var file = arguments.Get(Output) ?? $"{info.Run}.hydra";
            if (!arguments.Has(Force) && Path.Exists(io.PathOf(file))) throw new UsageException($"'{file}' is there already. Name another file with {Output.Name}, or replace it with {Force.Name}.");
            var product = typeof(ExportVerb).Assembly.GetName().Version?.ToString() ?? "";
            var (frames, artifacts) = RunArchive.Write(store, info, io.PathOf(file), product);
            if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("run_id", info.Run.Text), ("file", file), ("frames", frames), ("artifacts", artifacts)), indented: true));
            else io.Out.WriteLine($"{TerminalText.Of(file)}: run {info.Run}, {Amounts.Count(frames, "frame", "frames")}, {Amounts.Count(artifacts, "artifact", "artifacts")}");
            return Task.FromResult(ExitCode.Done);
        },
    };
}

/// <summary><c>hydra import FILE</c>: an exported run becomes one of this runs directory, or nothing of it does.</summary>
internal static class ImportVerb
{
    private static readonly Option Name = new(RunOptions.RunId.Name, "ID", "the run's id here; its own by default");

    public static readonly Verb Verb = new("import", "FILE", "reads an exported run")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Name, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "Every hash is checked before anything is written; a run that exists is never overwritten.",
        Run = static (arguments, io) =>
        {
            var file = io.PathOf(arguments.Positionals[0]);
            var name = RunOptions.IdOf(arguments);
            if (!File.Exists(file)) throw new UsageException($"there is no file '{arguments.Positionals[0]}'.");
            var archived = RunArchive.Read(file);   // before a store is made for it
            using var store = Wiring.OpenStore(Wiring.RunsDirOf(arguments, io), Durability.Full, io);
            var info = RunArchive.Import(store, archived, name);
            if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(RunRow.ToJson(info), indented: true));
            else io.Out.WriteLine($"{info.Run} imported: {TerminalText.Of(info.Workflow)}, {WireNames.Of(info.Status)}");
            return Task.FromResult(ExitCode.Done);
        },
    };
}
