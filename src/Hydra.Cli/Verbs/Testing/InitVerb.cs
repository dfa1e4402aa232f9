using System.Reflection;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra init PATTERN</c>: a workflow of that pattern with its test, to begin from.</summary>
internal static class InitVerb
{
    /// <summary>In the order of the ladder: take the first that does.</summary>
    private static readonly string[] Patterns = ["agent", "loop", "router", "coordinator", "planner", "supervisor", "swarm"];

    private static readonly Option Folder = new("--folder", "DIR", "where to write; default: a folder with the pattern's name");

    public static readonly Verb Verb = new("init", "PATTERN", "begins a tested workflow of a pattern")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Folder, CommonOptions.Help],
        Notes = $"PATTERN is one of: {string.Join(", ", Patterns)}. docs/patterns.md says when to use which.",
        Run = static (arguments, io) => Task.FromResult(Write(arguments, io)),
    };

    private static int Write(ParsedArguments arguments, CliIo io)
    {
        var pattern = arguments.Positionals[0];
        if (!Patterns.Contains(pattern)) throw new UsageException($"there is no pattern '{pattern}'.{DidYouMean.Hint(pattern, Patterns)} Write one of {string.Join(", ", Patterns)}.");
        var name = arguments.Get(Folder) ?? pattern;
        var folder = io.PathOf(name);
        var files = Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(file => file.StartsWith($"patterns/{pattern}/", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        if (files.Find(file => File.Exists(Path.Combine(folder, Path.GetFileName(file)))) is { } there)
            throw new UsageException($"'{Path.Combine(name, Path.GetFileName(there))}' exists already. Name another folder with --folder.");
        Directory.CreateDirectory(folder);
        foreach (var file in files)
        {
            using var from = Assembly.GetExecutingAssembly().GetManifestResourceStream(file)!;
            using var to = File.Create(Path.Combine(folder, Path.GetFileName(file)));
            from.CopyTo(to);
            io.Out.WriteLine($"wrote {name}/{Path.GetFileName(file)}");
        }
        io.Out.WriteLine($"Next: hydra test {name}, then put your models into {name}/workflow.yaml and say hydra run {name}/workflow.yaml");
        return ExitCode.Done;
    }
}
