using Hydra.Model;

namespace Hydra.Cli.Tests;

public sealed class AgentVerbTests
{
    private const string Judge = "---\nname: judge\ndescription: Judges.\nrole: judge\nmodel: claude-haiku-4-5\ntools: [read_file]\n---\nJudge.\n";

    [Fact]
    public void An_agent_is_begun_listed_shown_linted_and_compared()
    {
        using var terminal = new Terminal();
        Assert.Equal(0, terminal.Run("agents", "new", "scout"));
        terminal.Write("agents/judge.md", Judge);
        terminal.Write("new/judge.md", Judge.Replace("[read_file]", "[read_file, bash]", StringComparison.Ordinal));

        Assert.Equal(0, terminal.Run("agents", "list", "--json"));
        Assert.Equal(["judge project", "scout project"], Value.ParseJson(terminal.Out).Items.Where(agent => agent.AsObject["origin"].AsText != "built in").Select(agent => $"{agent.AsObject["name"].AsText} {agent.AsObject["origin"].AsText}"));
        Assert.Equal(63, Value.ParseJson(terminal.Out).Items.Count(agent => agent.AsObject["origin"].AsText == "built in"));
        Assert.Equal(0, terminal.Run("agents", "show", "backend-architect"));
        Assert.Contains("escalates_to: super-hard-problem-developer", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("agents", "show", "judge"));
        Assert.Contains("version sha256:", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("agents", "lint"));
        Assert.Equal(1, terminal.Run("agents", "lint", "new/judge.md"));
        Assert.Contains("has the role 'judge' and holds the tool 'bash', which acts", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(1, terminal.Run("agents", "check", "agents/judge.md", "new/judge.md"));
        Assert.Equal("cannot replace it: it may call 'bash', which was not allowed", terminal.Out.Trim());
        Assert.Equal(2, terminal.Run("agents", "show", "jugde"));
        Assert.Contains("Did you mean 'judge'?", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Tools_are_listed_linted_and_tried_by_hand()
    {
        using var terminal = new Terminal();
        terminal.Write("a.txt", "owls");
        terminal.Write("flow.yaml", "name: f\ntools: {fetch: {type: http}, notes: {type: read_file}}\nnodes:\n  - {id: a, type: set, value: x}\n");
        Assert.Equal(0, terminal.Run("tools", "test", "read_file", "--arguments", """{"path": "a.txt"}"""));
        Assert.Equal("owls", terminal.Out.Trim());
        Assert.Equal(5, terminal.Run("tools", "test", "bash", "--arguments", """{"command": "true"}"""));
        Assert.Equal(1, terminal.Run("tools", "lint", "--workflow", "flow.yaml"));
        Assert.Contains("error fetch: the tool 'fetch' may call no host", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("tools", "list", "--json", "--workflow", "flow.yaml"));
        Assert.Contains(Value.ParseJson(terminal.Out).Items, tool => tool.AsObject["name"].AsText == "notes");
    }

    [Fact]
    public void An_agent_from_a_file_calls_tools_offline_and_its_version_is_in_the_receipt()
    {
        using var terminal = new Terminal();
        terminal.Write("agents/judge.md", Judge);
        terminal.Write("a.txt", "Owls see at night. Owls fly.");
        terminal.Write("flow.yaml", "name: f\nnodes:\n  - id: a\n    type: agent\n    agent: judge\n    prompt: |\n      Copy the text.\n      @tool read_file {\"path\": \"a.txt\"}\n");
        Assert.Equal(0, terminal.Run("run", "flow.yaml", "--run-id", "r1", "--backend", "offline"));
        Assert.Contains("Owls see at night.", terminal.Out, StringComparison.Ordinal);
        File.Delete(terminal.PathOf("agents/judge.md"));
        Assert.Equal(0, terminal.Run("inspect", "r1", "--receipt"));
        Assert.Contains("agent judge sha256:", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("resume", "r1"));
        Assert.Contains("Owls see at night.", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void The_receipt_of_one_node_names_the_limit_that_ended_it()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", "name: f\nnodes:\n  - {id: pick, type: router, input: hello, strategy: [rules], routes: {x: {keywords: [fire]}, y: {keywords: [water]}}}\n");
        terminal.Run("run", "flow.yaml", "--run-id", "r1", "--backend", "offline");
        Assert.Equal(0, terminal.Run("inspect", "r1", "--node", "pick", "--receipt", "--json"));
        Assert.Equal("min_confidence", Value.ParseJson(terminal.Out).AsObject["ended_by"].AsText);
    }

    [Fact]
    public void A_damaged_memory_is_named_with_its_mend_and_left_as_it_is()
    {
        using var terminal = new Terminal();
        terminal.Write(".hydra/memory.db", new string('x', 4_096));
        Assert.Equal(1, terminal.Run("memory", "list"));
        Assert.Contains("memory.db' cannot be used", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("restore the file from a copy", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(new string('x', 4_096), File.ReadAllText(terminal.PathOf(".hydra/memory.db")));
    }

    [Fact]
    public void What_an_agent_notes_is_listed_and_forgotten_by_its_source()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", "name: f\nnodes:\n  - id: a\n    type: agent\n    model: offline\n    memory: user\n    prompt: |\n      Copy the text.\n      @tool remember {\"text\": \"likes owls\"}\n");
        Assert.Equal(0, terminal.Run("memory", "list"));
        Assert.Contains("nothing is noted", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("run", "flow.yaml", "--run-id", "r1", "--tag", "user=ann"));
        Assert.Equal(0, terminal.Run("memory", "list", "--scope", "user", "--json"));
        var note = Assert.Single(Value.ParseJson(terminal.Out).Items).AsObject;
        Assert.Equal(("likes owls", "ann", "r1", "a"), (note["text"].AsText, note["owner"].AsText, note["run"].AsText, note["node"].AsText));
        Assert.Equal(2, terminal.Run("memory", "remove"));
        Assert.Equal(0, terminal.Run("memory", "remove", "--run", "other"));
        Assert.Equal(0, terminal.Run("memory", "remove", "--run", "r1", "--derived"));
        Assert.Contains("forgot 1 note", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("memory", "list", "--json"));
        Assert.Equal("[]", terminal.Out.Trim());
    }
}
