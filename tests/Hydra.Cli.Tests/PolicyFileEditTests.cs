using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Cli.Tests;

/// <summary>What an edit of a policy leaves alone.</summary>
public sealed class PolicyFileEditTests
{
    private static readonly ValueMap Rule = ValueMap.Of(("name", "pay"), ("tool", "pay"), ("decision", "allow"));

    private static string Add(string text)
    {
        var problems = new ProblemList("hydra.yaml");
        var edited = PolicyFileEdit.Add(text, Rule, "2026-01-01 00:00:00 UTC by \"bo\": \"yes\"", problems);
        Assert.True(edited is not null, string.Join('\n', problems.Problems));
        return edited;
    }

    private static string Remove(string text)
    {
        var problems = new ProblemList("hydra.yaml");
        var edited = PolicyFileEdit.Remove(text, "pay", problems);
        Assert.True(edited is not null, string.Join('\n', problems.Problems));
        return edited;
    }

    [Theory]
    [InlineData("policy:\n  default: allow\r\n  rules:\n  - {name: a, tool: b, decision: deny}\n")]   // line breaks of two kinds
    [InlineData("# house\r\npolicy:\n  default: allow\n  rules:\r\n  - {name: a, tool: b, decision: deny}\r\n")]
    [InlineData("# a\u0085# b\npolicy:\n  rules:\n  - {name: a, tool: b, decision: deny}\n")]
    [InlineData("# a\u2028# b\r\npolicy:\n  rules:\n  - {name: a, tool: b, decision: deny}\n")]
    [InlineData("policy:\r\n  default: allow\r\n")]
    [InlineData("\uFEFFpolicy:\n  default: allow\n")]
    [InlineData("log: {level: info}\n# end\n")]
    [InlineData("policy:\n")]
    public void A_rule_is_added_below_and_the_rest_stands_letter_for_letter(string text)
    {
        var added = Add(text);
        Assert.StartsWith(text, added, StringComparison.Ordinal);
        var removed = Remove(added);
        if (text.Contains("rules", StringComparison.Ordinal)) Assert.Equal(text, removed);
    }

    [Theory]
    [InlineData("policy:\n  rules: [] # was [] before\n", "# was [] before\n")]
    [InlineData("policy:\n  rules: []", "policy:\n")]
    [InlineData("policy:\n  default: allow\n\n# end", "\n\n# end")]
    [InlineData("policy:\n  default: allow\n  rules:\n  - {name: a, tool: b, decision: deny}", "decision: deny}\n")]
    [InlineData("policy:\r\n  default: allow\r\n  rules:\r\n  - {name: a, tool: b, decision: deny}", "decision: deny}\r\n")]
    public void What_stands_around_a_rule_is_kept(string text, string kept) => Assert.Contains(kept, Add(text), StringComparison.Ordinal);

    [Fact]
    public void A_persons_comment_above_a_rule_stays() =>
        Assert.Contains("the board", Remove("policy:\n  rules:\n  # accepted by the board: nobody pays twice\n  - {name: pay, tool: pay, decision: allow}\n  - {name: a, tool: b, decision: deny}\n"), StringComparison.Ordinal);
}
