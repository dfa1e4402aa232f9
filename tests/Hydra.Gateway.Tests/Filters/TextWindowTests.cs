using System.Text;
using Hydra.Gateway.Filters;
using Hydra.Gateway.Pipeline;

namespace Hydra.Gateway.Tests.Filters;

public sealed class TextWindowTests
{
    private const string Key = "sk-proj-q7Zx2Lm9Rt4Vb8Nc1Ks6Jd3Hf5Gp0WyTeUiOa2Sx";
    private static readonly string PrivateKey = "-----BEGIN PRIVATE KEY-----\n" + string.Concat(Enumerable.Repeat("q7Zx2Lm9Rt4Vb8Nc1Ks6Jd3Hf5Gp0WyTeUiOa2SxYaBcDeFgHiJkLmNoPqRsTuV\n", 20)) + "-----END PRIVATE KEY-----";
    private static readonly string Text = $"Hello {Key}, write to ada@example.com or pay 4111 1111 1111 1111. {new string('.', 300)}\n{PrivateKey}\nThe end, {Key}";
    private static readonly IReadOnlyList<FilterRule> Redacting = [new("secrets", SecretRules.Detector, FilterAction.Redact), new("personal_data", PersonalDataRules.Detector, FilterAction.Redact)];

    [Fact]
    public void A_whole_text_loses_what_is_found_and_keeps_the_rest()
    {
        var labels = new SortedSet<string>();

        var passed = TextWindow.Filter(Text, Redacting, labels);

        Assert.Equal($"Hello [redacted:secrets.openai_key], write to [redacted:personal_data.email] or pay [redacted:personal_data.credit_card]. {new string('.', 300)}\n[redacted:secrets.private_key]\nThe end, [redacted:secrets.openai_key]", passed);
        Assert.Equal(["personal_data.credit_card", "personal_data.email", "secrets.openai_key", "secrets.private_key"], labels);
    }

    [Fact]
    public void Wherever_a_text_is_split_the_same_passes()
    {
        var whole = TextWindow.Filter(Text, Redacting, new SortedSet<string>());
        for (var at = 0; at <= Text.Length; at++) Assert.Equal(whole, Pass(Text[..at], Text[at..]));
    }

    [Fact]
    public void However_a_text_is_cut_into_pieces_the_same_passes()
    {
        var whole = TextWindow.Filter(Text, Redacting, new SortedSet<string>());
        Assert.Equal(whole, Pass([.. Text.Select(letter => $"{letter}")]));
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var pieces = new List<string>();
            for (var at = 0; at < Text.Length;)
            {
                var length = Math.Min(random.Next(1, 90), Text.Length - at);
                pieces.Add(Text.Substring(at, length));
                at += length;
            }
            Assert.Equal(whole, Pass([.. pieces]));
        }
    }

    [Fact]
    public void What_cannot_be_part_of_a_finding_any_more_passes_at_once()
    {
        var window = new TextWindow(Redacting, new SortedSet<string>());

        Assert.Equal(1000 - TextWindow.HoldBack, window.Pass(new string('.', 1000), isLast: false).Length);
        Assert.Equal(TextWindow.HoldBack, window.Pass("", isLast: true).Length);
    }

    [Fact]
    public void A_finding_that_does_not_end_is_refused_instead_of_held_for_ever()
    {
        var window = new TextWindow(Redacting, new SortedSet<string>());
        var passed = new StringBuilder(window.Pass("Key: -----BEGIN PRIVATE KEY-----\n", isLast: false));

        Assert.Throws<GatewayRefusedException>(() =>
        {
            for (var i = 0; i < 1000; i++) passed.Append(window.Pass("q7Zx2Lm9Rt4Vb8Nc1Ks6Jd3Hf5Gp0WyTeUiOa2Sx", isLast: false));
        });
        Assert.DoesNotContain("q7Zx", passed.ToString());
    }

    [Theory]
    [InlineData("block", RefusalKind.Filtered)]
    [InlineData("ask", RefusalKind.ApprovalRequired)]
    public void A_blocking_rule_names_the_kind_and_never_the_thing(string action, RefusalKind kind)
    {
        var rule = new FilterRule("secrets", SecretRules.Detector, action == "block" ? FilterAction.Block : FilterAction.Ask);

        var refused = Assert.Throws<GatewayRefusedException>(() => TextWindow.Filter(Text, [rule], new SortedSet<string>()));

        Assert.Equal((kind, "filter:secrets"), (refused.Kind, refused.Scope));
        Assert.Contains("secrets.openai_key", refused.Message);
        Assert.DoesNotContain("q7Zx", refused.Message);
    }

    private static string Pass(params string[] pieces)
    {
        var window = new TextWindow(Redacting, new SortedSet<string>());
        var passed = new StringBuilder();
        foreach (var piece in pieces) passed.Append(window.Pass(piece, isLast: false));
        return passed.Append(window.Pass("", isLast: true)).ToString();
    }
}
