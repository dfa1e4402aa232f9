using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Hydra.Cli.Tests;

/// <summary>What a short command may not cost: counted, not timed. <c>bench/run --only startup</c> times it.</summary>
public sealed class StartUpTests
{
    private static readonly string Built = Path.GetDirectoryName(typeof(CommandLine).Assembly.Location)!;
    /// <summary>It lies with the program alone.</summary>
    private static readonly string Lean = Path.Combine(Terminal.Root, "src", "Hydra.Cli", "bin", new DirectoryInfo(Built).Parent!.Name, "net10.0", "lean.runtimeconfig.json");
    private static readonly string[] Needed = ["Hydra.dll", "Hydra.Agents.dll", "Hydra.Cli.dll", "YamlDotNet.dll"];

    [Fact]
    public async Task Validating_needs_no_web_server_no_provider_no_database_and_no_console_library()
    {
        using var terminal = new Terminal();
        foreach (var file in Needed) File.Copy(Path.Combine(Built, file), terminal.PathOf(file));
        terminal.Write("Hydra.Cli.runtimeconfig.json", """{"runtimeOptions": {"tfm": "net10.0", "framework": {"name": "Microsoft.NETCore.App", "version": "10.0.0"}, "configProperties": {"System.Globalization.Invariant": true}}}""");
        using var hydra = HydraProcess.StartProgram(terminal.PathOf("Hydra.Cli.dll"), terminal.Folder, new Dictionary<string, string>(StringComparer.Ordinal), "validate", Example);
        var (code, output, error) = await hydra.EndAsync();
        Assert.True(code == 0, error);
        Assert.StartsWith("✓ research: 4 nodes", output);
    }

    /// <summary>The launcher gives it to verbs that serve nothing; all else of the two must agree.</summary>
    [Fact]
    public void The_lean_configuration_differs_from_the_full_one_by_the_web_server_alone()
    {
        var full = JsonNode.Parse(File.ReadAllText(Path.Combine(Built, "Hydra.Cli.runtimeconfig.json")))!["runtimeOptions"]!;
        var lean = JsonNode.Parse(File.ReadAllText(Lean))!["runtimeOptions"]!;
        Assert.Equal(["Microsoft.NETCore.App", "Microsoft.AspNetCore.App"], full["frameworks"]!.AsArray().Select(framework => (string?)framework!["name"]));
        Assert.Equal(["Microsoft.NETCore.App"], lean["frameworks"]!.AsArray().Select(framework => (string?)framework!["name"]));
        Assert.True(JsonNode.DeepEquals(full["configProperties"], lean["configProperties"]));
    }

    [Fact]
    public async Task Validating_into_a_pipe_loads_no_console()
    {
        using var terminal = new Terminal();
        foreach (var file in Needed) File.Copy(Path.Combine(Built, file), terminal.PathOf(file));
        File.Copy(Lean, terminal.PathOf("Hydra.Cli.runtimeconfig.json"));
        var loaded = terminal.PathOf("loaded.txt");
        using var hydra = HydraProcess.StartProgram(terminal.PathOf("Hydra.Cli.dll"), terminal.Folder, new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_JitStdOutFile"] = loaded, ["DOTNET_JitDisasmSummary"] = "1" }, "validate", Example);
        var (code, output, error) = await hydra.EndAsync();
        Assert.True(code == 0, error);
        Assert.StartsWith("✓ research: 4 nodes", output);
        Assert.DoesNotContain("Hydra.Cli.StandardOutput:OpenConsole", await File.ReadAllTextAsync(loaded, TestContext.Current.CancellationToken));
    }

    /// <summary>Such methods cannot be compiled before the program starts, because the framework's code and our types are built apart.</summary>
    [Fact]
    public async Task Validating_runs_no_framework_code_over_value_types_that_must_be_compiled_at_every_start()
    {
        using var terminal = new Terminal();
        var list = terminal.PathOf("compiled.txt");
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_JitStdOutFile"] = list, ["DOTNET_JitDisasmSummary"] = "1" };
        // The build that has nothing compiled ahead of time: all that runs is listed.
        using var hydra = HydraProcess.StartProgram(typeof(CommandLine).Assembly.Location, terminal.Folder, environment, "validate", Example);
        Assert.Equal(0, (await hydra.EndAsync()).Code);
        var compiled = await File.ReadAllLinesAsync(list, TestContext.Current.CancellationToken);
        Assert.Contains(compiled, line => line.Contains("Hydra.Cli.CommandLine:Run", StringComparison.Ordinal));
        Assert.DoesNotContain(compiled, line => OverValueTypes.IsMatch(line));
    }

    /// <summary>With a problem it would stop early and load the half.</summary>
    [Fact]
    public void The_workflow_that_is_checked_to_load_the_code_has_no_problem() => Assert.Empty(WarmUp.Check().Problems);

    private static string Example => Path.Combine(Terminal.Root, "examples", "research.yaml");

    /// <summary>LINQ over our value types, sets of tuples, vectorised sets of characters, sorted trees.</summary>
    private static readonly Regex OverValueTypes = new(@"System\.Linq\.\S*Hydra\.Model\.(Value|NodeId)[\],]|HashSet`1\[System\.ValueTuple|SearchValues:|TreeSet`1|SZGenericArrayEnumerator`1\[\S*Hydra\.", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture);
}
