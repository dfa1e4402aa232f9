namespace Hydra.Cli.Tests;

/// <summary>Every example runs as a newcomer would run it: offline, from the command line.</summary>
public sealed class ExampleTests
{
    public static TheoryData<string, string[], int> Examples { get; } = new()
    {
        { "research.yaml", ["topic=quantum computing"], 0 },
        { "map_reduce.yaml", ["""topics=["transformer models","diffusion models"]"""], 0 },
        { "chain.yaml", ["topic=coffee"], 0 },
        { "evaluator.yaml", ["product=a solar lamp"], 0 },
        { "loop.yaml", ["text=Coffee is a drink made from roasted beans. It is popular. Caffeine stimulates."], 0 },
        { "subgraph.yaml", ["first=tea", "second=coffee"], 0 },
        { "summarise_folder.yaml", [], 0 },
        { "approval_flow.yaml", [], 3 },
        { "figures.yaml", [], 0 },
        { "desk.yaml", ["question=Who made the lens of the lighthouse?"], 0 },
    };

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_runs_offline(string file, string[] inputs, int exitCode)
    {
        using var terminal = new Terminal();
        foreach (var source in Directory.EnumerateFiles(Path.Combine(Terminal.Root, "examples"), "*", SearchOption.AllDirectories))
        {
            terminal.Write(Path.Combine("examples", Path.GetRelativePath(Path.Combine(Terminal.Root, "examples"), source)), File.ReadAllText(source));
        }
        string[] words = ["run", $"examples/{file}", "--sandbox", "inprocess", .. inputs.SelectMany(input => (string[])["-i", input])];

        var code = terminal.Run(words);
        Assert.True(code == exitCode, terminal.Error);
        if (code == 0) Assert.NotEmpty(terminal.Out.Trim());
    }

    [Fact]
    public void No_example_is_left_out()
    {
        var files = Directory.EnumerateFiles(Path.Combine(Terminal.Root, "examples"), "*.yaml").Select(Path.GetFileName);
        Assert.Equal(Examples.Select(row => row.Data.Item1).Append("subgraph_child.yaml").Order(StringComparer.Ordinal), files.Order(StringComparer.Ordinal));
    }
}
