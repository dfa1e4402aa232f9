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

    private const string Handwritten = "# rules of the house\r\nlog: {level: info}   # kept\r\npolicy:\r\n  default: allow\r\n  rules:\r\n  # nobody shells\r\n  - name: no_shell\r\n    tool: bash\r\n    decision: deny\r\n\r\n# the end\r\n";

    [Theory]
    [InlineData(null)]
    [InlineData("policy:\n  default: allow\n")]
    [InlineData("policy:\n  rules: []   # none yet\n")]
    [InlineData(Handwritten)]
    public void An_accepted_rule_is_in_force_beside_what_the_file_held_until_it_is_revoked(string? file)
    {
        foreach (var _ in Enumerable.Range(0, 3)) Decide(true);
        if (file is not null) _terminal.Write("hydra.yaml", file);
        var name = Proposals()[0].AsObject["name"].AsText;
        _terminal.Set("USER", "bo");
        Assert.True(_terminal.Run("policy", "accept", name, "--after", "3", "--reason", "they are \"small\"") == 0, _terminal.Error);
        var accepted = File.ReadAllText(_terminal.PathOf("hydra.yaml"));
        Assert.Contains("UTC by \"bo\": \"they are \\\"small\\\"\"", accepted, StringComparison.Ordinal);
        foreach (var line in (file ?? "").Split('\n').Where(line => !line.Contains("[]", StringComparison.Ordinal))) Assert.Contains(line, accepted, StringComparison.Ordinal);
        Assert.True(Pay("", "a.txt").Code == 0, _terminal.Error);
        Assert.Equal(2, _terminal.Run("policy", "accept", name, "--after", "3"));
        Assert.Contains("in force already", _terminal.Error, StringComparison.Ordinal);

        Assert.True(_terminal.Run("policy", "revoke", name) == 0, _terminal.Error);
        if (file is not null && !file.StartsWith("policy:\n  default", StringComparison.Ordinal)) Assert.Equal(file, File.ReadAllText(_terminal.PathOf("hydra.yaml")));
        Assert.Equal(3, Pay("", "a.txt").Code);
        Assert.Equal(0, _terminal.Run("audit"));
        Assert.Contains($"policy rule {name} accepted by bo: they are \"small\"", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains($"policy rule {name} revoked by bo: no reason was given", _terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, _terminal.Run("verify"));
    }

    [Fact]
    public void A_rule_that_has_ended_is_replaced_by_the_one_that_is_proposed_anew()
    {
        foreach (var _ in Enumerable.Range(0, 3)) Decide(true);
        var name = Proposals()[0].AsObject["name"].AsText;
        Assert.Equal(0, _terminal.Run("policy", "accept", name, "--after", "3"));
        var lines = File.ReadAllLines(_terminal.PathOf("hydra.yaml"));
        _terminal.Write("hydra.yaml", string.Join('\n', lines.Select(line => line.Contains("until:", StringComparison.Ordinal) ? "      until: \"2020-01-31\"" : line)));
        Assert.True(_terminal.Run("policy", "accept", name, "--after", "3") == 0, _terminal.Error);
        Assert.Equal(lines.Length, File.ReadAllLines(_terminal.PathOf("hydra.yaml")).Length);
        Assert.DoesNotContain("2020-01-31", File.ReadAllText(_terminal.PathOf("hydra.yaml")), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_accepted_or_revoked_changes_nothing_and_says_why()
    {
        foreach (var _ in Enumerable.Range(0, 3)) Decide(true);
        var name = Proposals()[0].AsObject["name"].AsText;
        const string inOneLine = "policy: {rules: [{name: never, tool: bash, decision: deny}]}\n";
        _terminal.Write("hydra.yaml", inOneLine);
        Refused("HYD307 hydra.yaml:1:9", "accept", name, "--after", "3");
        Refused($"no rule 'other' is proposed, or it is in force already. Proposed: {name}.", "accept", "other", "--after", "3");
        Refused("'never' says `decision: deny`: taking it out would let more through", "revoke", "never");
        Refused("has no rule 'nevver'. Did you mean 'never'?", "revoke", "nevver");
        Refused("needs the name of a rule", "accept");
        Refused("There is no `hydra policy acept`. Did you mean 'accept'?", "acept");
        Assert.Equal(inOneLine, File.ReadAllText(_terminal.PathOf("hydra.yaml")));
        Assert.Equal(0, _terminal.Run("audit"));
        Assert.DoesNotContain("policy rule", _terminal.Out, StringComparison.Ordinal);

        void Refused(string why, params string[] words)
        {
            Assert.Equal(2, _terminal.Run(["policy", .. words]));
            Assert.Contains(why, _terminal.Error, StringComparison.OrdinalIgnoreCase);
        }
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
