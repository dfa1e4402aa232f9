using System.Text.RegularExpressions;

namespace Hydra.Cli.Tests;

/// <summary>What a short command may not cost: counted, not timed. <c>bench/run --only startup</c> times it.</summary>
public sealed class StartUpTests
{
    private static readonly string Built = Path.GetDirectoryName(typeof(CommandLine).Assembly.Location)!;
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

    /// <summary>Such methods cannot be compiled before the program starts, because the framework's code and our types are built apart.</summary>
    [Fact]
    public async Task Validating_runs_no_framework_code_over_value_types_that_must_be_compiled_at_every_start()
    {
        using var terminal = new Terminal();
        var list = terminal.PathOf("compiled.txt");
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_JitStdOutFile"] = list, ["DOTNET_JitDisasmSummary"] = "1" };
        using var hydra = HydraProcess.Start(terminal.Folder, environment, "validate", Example);
        Assert.Equal(0, (await hydra.EndAsync()).Code);
        var compiled = await File.ReadAllLinesAsync(list, TestContext.Current.CancellationToken);
        Assert.Contains(compiled, line => line.Contains("Hydra.Cli.CommandLine:Run", StringComparison.Ordinal));
        Assert.DoesNotContain(compiled, line => OverValueTypes.IsMatch(line));
    }

    private static string Example => Path.Combine(Terminal.Root, "examples", "research.yaml");

    /// <summary>LINQ over our value types, sets of tuples, vectorised sets of characters, sorted trees.</summary>
    private static readonly Regex OverValueTypes = new(@"System\.Linq\.\S*Hydra\.Model\.(Value|NodeId)[\],]|HashSet`1\[System\.ValueTuple|SearchValues:|TreeSet`1|SZGenericArrayEnumerator`1\[\S*Hydra\.", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture);
}
