namespace Hydra.Cli.Tests;

/// <summary>Verbs as a user types them.</summary>
public sealed class VerbTests
{
    private static readonly string Research = File.ReadAllText(Path.Combine(Terminal.Root, "examples", "research.yaml"));

    [Fact]
    public void Validate_prints_exactly_what_the_seed_prints()
    {
        using var terminal = WithResearch();
        Assert.Equal(0, terminal.Run("validate", "research.yaml", "-i", "topic=x"));
        Assert.Equal("✓ research: 4 nodes, 2 wave(s)\n  wave 1: ['research_a', 'research_b', 'research_c']\n  wave 2: ['synthesizer']\n", terminal.Out);
        Assert.Equal("", terminal.Error);
    }

    [Fact]
    public void Bad_input_is_named_with_its_mend()
    {
        using var terminal = WithResearch();
        Directory.CreateDirectory(terminal.PathOf("folder"));
        File.WriteAllBytes(terminal.PathOf("binary.yaml"), [0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe, 0, 1]);
        terminal.Write("typo.yaml", "name: t\nnodes:\n  - id: a\n    type: agnet\n    prompt: hi\n");
        terminal.Write("cycle.yaml", "name: t\ndefaults: {model: offline/x}\nnodes:\n  - {id: a, type: agent, prompt: hi, depends_on: [b]}\n  - {id: b, type: agent, prompt: hi, depends_on: [a]}\n");
        foreach (var words in new string[][]
        {
            [], ["rnu", "research.yaml"], ["research.yaml"], ["run"], ["run", "missing.yaml"], ["run", "folder"], ["run", "binary.yaml"], ["run", "typo.yaml"], ["validate", "cycle.yaml"],
            ["run", "research.yaml"], ["run", "research.yaml", "topic=x"], ["run", "research.yaml", "-i", "topic"], ["run", "research.yaml", "-i", "topic=@nothing.txt"],
            ["run", "research.yaml", "--inptu", "topic=x"], ["run", "research.yaml", "--replay", "x"], ["run", "research.yaml", "--max-concurrent", "many"],
            ["run", "research.yaml", "-i", "topic=x", "--backend", "openia"], ["run", "research.yaml", "-i", "topic=x", "--run-id", "../evil"],
            ["approve", "x"], ["list", "--status", "runing"], ["inspect", "nothing"], ["resume", "nothing"], ["graph", "missing.yaml"], ["models", "lsit"],
        })
        {
            var code = terminal.Run(words);
            Assert.True(code == 2, $"hydra {string.Join(' ', words)} ended with {code}");
        }
        Verified.Check(terminal.Transcript);
    }

    [Fact]
    public void A_run_from_start_to_inspection()
    {
        using var terminal = WithResearch();
        Assert.Equal(0, terminal.Run("run", "research.yaml", "-i", "topic=tea", "--run-id", "first", "--max-concurrent", "1"));
        Assert.Equal(0, terminal.Run("list", "--json", "--status", "completed"));
        Assert.Contains("\"run_id\": \"first\"", terminal.Out);
        Assert.Equal(0, terminal.Run("inspect", "first", "--node", "research_a"));
        Assert.Contains("Research the topic \"tea\"", terminal.Out);
        Assert.Equal(0, terminal.Run("inspect", "first", "--events"));
        Assert.Equal(0, terminal.Run("inspect", "first", "--trace"));
        Assert.Equal(0, terminal.Run("graph", "first"));
        Assert.Contains("flowchart", terminal.Out);
        Assert.Equal(2, terminal.Run("cancel", "first"));
    }

    [Fact]
    public void The_printed_lines_of_a_run()
    {
        using var terminal = WithResearch();
        terminal.Run("run", "research.yaml", "-i", "topic=tea", "--max-concurrent", "1");
        terminal.Run("list");
        Verified.Check(terminal.Transcript);
    }

    [Fact]
    public void Progress_goes_to_standard_error_and_the_result_alone_to_standard_output()
    {
        using var terminal = WithResearch();
        terminal.Run("run", "research.yaml", "-i", "topic=tea", "--quiet");
        Assert.Equal("", terminal.Error);
        var quiet = terminal.Out;
        terminal.Run("run", "research.yaml", "-i", "topic=tea");
        Assert.Equal(quiet, terminal.Out);
        Assert.Contains("No model is configured", terminal.Error);
    }

    [Fact]
    public void Json_holds_the_run_and_every_node()
    {
        using var terminal = WithResearch();
        Assert.Equal(0, terminal.Run("run", "research.yaml", "-i", "topic=tea", "--json"));
        var json = Model.Value.ParseJson(terminal.Out).AsObject;
        Assert.Equal("completed", json["status"].AsText);
        Assert.Equal(0, json["exit_code"].AsInteger);
        Assert.Equal(["research_a", "research_b", "research_c", "synthesizer"], json["nodes"].AsObject.Keys);
        Assert.Equal("claude-sonnet-4-6", json["nodes"].AsObject["synthesizer"].AsObject["model"].AsText);
    }

    [Fact]
    public void A_run_goes_on_from_what_it_was_pinned_to_whatever_became_of_its_file()
    {
        using var terminal = new Terminal();
        const string Text = "name: pinned\nnodes:\n  - {id: z, type: set, value: {b: 1, a: 2}}\n  - {id: a, type: approval_gate, prompt_to_human: not today, depends_on: [z]}\n  - {id: m, type: set, value: '{{ z }}', depends_on: [a]}\n";
        terminal.Write("flow.yaml", Text);
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "pinned"));
        terminal.Write("flow.yaml", Text.Replace("not today", "changed", StringComparison.Ordinal));
        Assert.Equal(2, terminal.Run("run", "flow.yaml", "--run-id", "pinned"));
        Assert.Contains("another version of this file", terminal.Error);
        File.Delete(terminal.PathOf("flow.yaml"));
        Assert.Equal(0, terminal.Run("approve", "pinned", "a", "--approver", "ann"));
        Assert.Equal(0, terminal.Run("resume", "pinned"));
        Assert.Equal("{\"b\":1,\"a\":2}\n", terminal.Out);
        Assert.Equal(0, terminal.Run("run", "pinned"));
        Assert.Equal("{\"b\":1,\"a\":2}\n", terminal.Out);
    }

    [Fact]
    public void A_run_with_several_sinks_prints_one_object()
    {
        using var terminal = new Terminal();
        terminal.Write("two.yaml", "name: two\nnodes:\n  - {id: b, type: set, value: 1}\n  - {id: a, type: set, value: two}\n");
        Assert.Equal(0, terminal.Run("run", "two.yaml", "-q"));
        Assert.Equal("{\n  \"b\": 1,\n  \"a\": \"two\"\n}\n", terminal.Out);
    }

    [Fact]
    public void Hostile_text_does_not_reach_the_screen()
    {
        Assert.Equal("a\\u001b[31mb", TerminalText.Of("a\u001b[31mb"));
        Assert.Equal("one\\u000atwo", TerminalText.Of("one\ntwo"));
        Assert.Equal("one\ntwo\\u202e", TerminalText.Block("one\r\ntwo\u202e"));
    }

    [Fact]
    public void A_budget_that_is_spent_ends_with_4_and_more_of_it_goes_on()
    {
        using var terminal = WithResearch();
        Assert.Equal(4, terminal.Run("run", "research.yaml", "-i", "topic=tea", "--run-id", "poor", "--budget-tokens", "100"));
        Assert.Contains("--add-budget", terminal.Error);
        Assert.Equal(0, terminal.Run("resume", "poor", "--add-budget-tokens", "50000"));
    }

    [Fact]
    public void A_run_without_an_owner_is_cancelled_by_the_verb_itself()
    {
        using var terminal = WithResearch();
        terminal.Run("run", "research.yaml", "-i", "topic=tea", "--run-id", "poor", "--budget-tokens", "100");
        Assert.Equal(0, terminal.Run("cancel", "poor", "--reason", "no money"));
        Assert.Contains("no money", terminal.Out);
    }

    [Fact]
    public void A_runs_directory_that_cannot_be_made_is_named()
    {
        using var terminal = WithResearch();
        terminal.Write("file", "");
        Assert.NotEqual(0, terminal.Run("run", "research.yaml", "-i", "topic=tea", "--runs-dir", "file/runs"));
        Assert.Contains("file/runs", terminal.Error);
    }

    [Fact]
    public void A_dry_run_keeps_nothing()
    {
        using var terminal = WithResearch();
        Assert.Equal(0, terminal.Run("run", "research.yaml", "-i", "topic=tea", "--dry"));
        Assert.False(Directory.Exists(terminal.PathOf(".hydra")));
    }

    [Fact]
    public void Every_verb_has_help()
    {
        using var terminal = new Terminal();
        Assert.Equal(0, terminal.Run("help"));
        foreach (var verb in Verbs.VerbTable.All.Where(verb => verb.Run is not null)) Assert.Equal(0, terminal.Run([.. verb.Name.Split(' '), "--help"]));
        Verified.Check(terminal.Transcript);
    }

    private static Terminal WithResearch()
    {
        var terminal = new Terminal();
        terminal.Write("research.yaml", Research);
        return terminal;
    }
}
