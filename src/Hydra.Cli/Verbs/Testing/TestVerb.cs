using Hydra.Agents.Testing;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra test</c>: the tests that lie beside workflows; no model is called and no time passes.</summary>
internal static class TestVerb
{
    private const string Ending = ".test.yaml";

    public static readonly Verb Verb = new("test", "[PATH…]", "runs tests of workflows: scripted models, no cost, no waiting")
    {
        PositionalsMax = 1000,
        Options = [CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Help],
        Notes = $"PATH is a file or a folder with files that end in {Ending}; default: this folder. See docs/testing.md.",
        Run = RunAsync,
    };

    private static async Task<int> RunAsync(ParsedArguments arguments, CliIo io)
    {
        var files = (arguments.Positionals.Count == 0 ? ["."] : arguments.Positionals).SelectMany(path => FilesOf(io.PathOf(path), path)).ToList();
        if (files.Count == 0) throw new UsageException($"there is no file that ends in {Ending} here. `hydra init PATTERN` makes a workflow with a test.");
        var results = new List<Value>();
        var failed = 0;
        foreach (var file in files)
        {
            foreach (var test in TestsOf(file))
            {
                var wrong = await test.RunAsync(CancellationToken.None);
                if (wrong.Count > 0) failed++;
                results.Add(ValueMap.Of(("file", file), ("test", test.Name), ("passed", wrong.Count == 0), ("problems", Value.OfTexts(wrong))));
                if (arguments.Has(CommonOptions.Json)) continue;
                io.Out.WriteLine(TerminalText.Of($"{(wrong.Count == 0 ? "✓" : "✗")} {test.Name}"));
                foreach (var line in wrong) io.Out.WriteLine(TerminalText.Of($"    {line}"));
            }
        }
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(Value.Of(results), indented: true));
        else io.Out.WriteLine($"{results.Count} {(results.Count == 1 ? "test" : "tests")}, {(failed == 0 ? "all passed" : $"{failed} failed")}");
        return failed == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static IEnumerable<string> FilesOf(string path, string written)
    {
        if (File.Exists(path)) return [path];
        if (!Directory.Exists(path)) throw new UsageException($"there is no '{written}'.");
        return Directory.EnumerateFiles(path, "*" + Ending, SearchOption.AllDirectories).Order(StringComparer.Ordinal);
    }

    private static IReadOnlyList<WorkflowTest> TestsOf(string file)
    {
        try
        {
            return TestFile.Read(file);
        }
        catch (FormatException wrong)
        {
            throw new UsageException(wrong.Message);
        }
    }
}
