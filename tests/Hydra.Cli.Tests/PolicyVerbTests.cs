using System.Globalization;
using Hydra.Model;

namespace Hydra.Cli.Tests;

/// <summary>Rules that approvals speak for: proposed, put in force by hand, bounded.</summary>
public sealed class PolicyVerbTests : IDisposable
{
    private readonly Terminal _terminal = new();
    private int _runs;

    public void Dispose() => _terminal.Dispose();

    /// <summary>A run whose agent pays once for each purse, put before people where nothing allows it.</summary>
    private (string Run, int Code) Pay(string labels, params string[] purses)
    {
        var calls = string.Concat(purses.Select((purse, i) => $"      @tool pay {{\"path\": \"{purse}\", \"content\": \"{_runs} {i}\"}}\n"));
        _terminal.Write("flow.yaml", $"name: f\ninputs: {{asked: {{type: string, default: now{labels}}}}}\ntools: {{pay: {{type: write_file, category: money}}}}\nagents: {{clerk: {{model: offline/x, tools: [pay]}}}}\nnodes:\n  - id: a\n    type: agent\n    agent: clerk\n    prompt: |\n      Pay {{{{ asked }}}}.\n{calls}");
        var run = $"r{++_runs}";
        return (run, _terminal.Run("run", "flow.yaml", "--run-id", run, "--backend", "offline"));
    }

    private void Decide(bool isApproved, string purse = "a.txt", string labels = "")
    {
        var (run, code) = Pay(labels, purse);
        Assert.True(code == 3, _terminal.Error);
        Assert.Equal(0, _terminal.Run(["approve", run, "a", "--approver", "ann", .. isApproved ? Array.Empty<string>() : ["--reject", "--comment", "no"]]));
        Assert.True(_terminal.Run("resume", run) == 0, _terminal.Error);
    }

    private IReadOnlyList<Value> Proposals(int after = 3)
    {
        Assert.Equal(0, _terminal.Run("policy", "proposals", "--after", after.ToString(CultureInfo.InvariantCulture), "--json"));
        return Value.ParseJson(_terminal.Out).Items;
    }

    private void PutInForce()
    {
        Assert.Equal(0, _terminal.Run("policy", "proposals", "--after", "3"));
        _terminal.Write("hydra.yaml", $"policy:\n  rules:\n{_terminal.Out}");
    }

    [Fact]
    public void Approvals_in_a_row_speak_for_a_rule_over_what_they_share_with_a_cap_and_an_end()
    {
        Decide(true);
        Decide(true);
        Assert.Empty(Proposals());
        Decide(true);
        var proposal = Assert.Single(Proposals()).AsObject;
        var rule = proposal["rule"].AsObject;
        Assert.Equal(("clerk", "pay", "trusted", "allow"), (rule["agent"].AsText, rule["tool"].AsText, rule["label"].AsText, rule["decision"].AsText));
        Assert.Equal("""{"path":{"one_of":["a.txt"]},"content":"**"}""", ValueJson.ToText(rule["arguments"]));
        Assert.Equal(1, rule["max_per_run"].AsInteger);
        Assert.Equal(["r1", "r2", "r3"], proposal["evidence"].Items.Select(each => each.AsObject["run_id"].AsText));
        Assert.All(proposal["evidence"].Items, each => Assert.Equal("ann", each.AsObject["who"].AsText));
        Assert.False(File.Exists(_terminal.PathOf("hydra.yaml")));
        Assert.Equal(3, Pay("", "a.txt").Code);   // nothing is in force yet
    }

    [Fact]
    public void A_refusal_begins_the_count_anew()
    {
        Decide(true);
        Decide(true);
        Decide(false);
        Decide(true);
        Decide(true);
        Assert.Empty(Proposals());
        Decide(true);
        Assert.Equal(3, Assert.Single(Proposals()).AsObject["evidence"].Items.Count);
    }

    [Fact]
    public void What_an_agent_asked_that_had_read_untrusted_content_and_calls_with_nothing_in_common_speak_for_nothing()
    {
        foreach (var _ in Enumerable.Range(0, 3)) Decide(true, labels: ", labels: untrusted");
        Assert.Empty(Proposals());
        foreach (var purse in new[] { "b.txt", "c.txt", "d.txt" }) Decide(true, purse);
        Assert.Empty(Proposals());
    }

    [Fact]
    public void A_rule_copied_from_a_proposal_lets_through_what_was_approved_up_to_its_cap_and_until_its_day()
    {
        foreach (var _ in Enumerable.Range(0, 3)) Decide(true);
        PutInForce();
        Assert.True(Pay("", "a.txt").Code == 0, _terminal.Error);
        Assert.Empty(Proposals());                                 // in force already
        Assert.Equal(3, Pay("", "other.txt").Code);
        Assert.Equal(3, Pay(", labels: untrusted", "a.txt").Code);
        Assert.Equal(3, Pay("", "a.txt", "a.txt").Code);           // the second call is one too many
        Assert.Equal(0, _terminal.Run("inspect", $"r{_runs}", "--events"));
        Assert.Contains("approved_pay_", _terminal.Out, StringComparison.Ordinal);

        _terminal.Write("hydra.yaml", string.Join('\n', File.ReadLines(_terminal.PathOf("hydra.yaml")).Select(line => line.Contains("until:", StringComparison.Ordinal) ? "      until: \"2020-01-31\"" : line)));
        Assert.Equal(3, Pay("", "a.txt").Code);
        Assert.Single(Proposals());
    }

    [Fact]
    public void A_cap_counts_on_when_the_run_goes_on_in_another_process()
    {
        foreach (var _ in Enumerable.Range(0, 3)) Decide(true);
        PutInForce();
        const string pays = """type: agent, agent: clerk, prompt: "Pay.\n@tool pay {\"path\": \"a.txt\", \"content\": \"x\"}\n" """;
        _terminal.Write("two.yaml", $"name: two\ntools: {{pay: {{type: write_file, category: money}}}}\nagents: {{clerk: {{model: offline/x, tools: [pay]}}}}\nnodes:\n  - {{id: first, {pays}}}\n  - {{id: gate, type: approval_gate, prompt_to_human: go, depends_on: [first]}}\n  - {{id: second, depends_on: [gate], {pays}}}\n");
        Assert.True(_terminal.Run("run", "two.yaml", "--run-id", "two", "--backend", "offline") == 3, _terminal.Error);
        Assert.Equal(0, _terminal.Run("approve", "two", "gate", "--approver", "ann"));
        Assert.Equal(3, _terminal.Run("resume", "two"));
        Assert.Equal(0, _terminal.Run("approve", "two", "second", "--approver", "ann"));
        Assert.True(_terminal.Run("resume", "two") == 0, _terminal.Error);
        Assert.Equal(0, _terminal.Run("audit", "two"));
        Assert.Contains("two#", Assert.Single(_terminal.Out.Split('\n'), line => line.Contains("allow by approved_pay_", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("allow by <category>, ann said so", _terminal.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{name: x, tool: pay, decision: ask, max_per_run: 2}", "'x' has `max_per_run`, which only 'decision: allow' uses")]
    [InlineData("{tool: pay, decision: allow, max_per_run: 2}", "has `max_per_run` and no `name`")]
    [InlineData("{tool: pay, decision: allow, until: \"2026-02-31\"}", "holds until '2026-02-31', which is no day")]
    [InlineData("{tool: pay, decision: allow, other_arguments: false}", "has `other_arguments: false` and no `arguments`")]
    public void Bounds_that_cannot_work_are_named_with_their_place(string rule, string said)
    {
        _terminal.Write("bad.yaml", $"name: f\npolicy:\n  rules:\n    - {rule}\nnodes:\n  - {{id: a, type: set, value: x}}\n");
        Assert.Equal(2, _terminal.Run("validate", "bad.yaml"));
        Assert.Contains("bad.yaml:4:7: ", _terminal.Out + _terminal.Error, StringComparison.Ordinal);
        Assert.Contains(said, _terminal.Out + _terminal.Error, StringComparison.Ordinal);
    }
}
