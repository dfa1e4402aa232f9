using Hydra.Model;

namespace Hydra.Tests.Model;

/// <summary>Keys of steps, by which a recorded call is recognised.</summary>
public sealed class StepKeyTests
{
    private static readonly Value[] Messages = [ValueMap.Of(("role", "user"), ("content", "Ü \"quoted\" <b>")), ValueMap.Of(("z", 1.5), ("a", Value.Of([Value.Null, true])))];

    [Theory]
    [InlineData("a", "z")]       // the list in the middle
    [InlineData("n", "o")]       // first of all
    [InlineData("Z", "_")]       // upper case before lower
    public void A_list_in_its_canonical_form_gives_the_key_of_the_whole(string one, string other)
    {
        var rest = ValueMap.Of((other, "x"), (one, 2));
        foreach (var count in new[] { 0, 1, 2 })
            Assert.Equal(StepKey.Of(rest.With("messages", Value.Of(Messages.Take(count)))), StepKey.Of(rest, "messages", Messages.Take(count).Select(ValueJson.ToCanonicalUtf8)));
    }

    /// <remarks>Keys are written to a buffer that a thread uses again.</remarks>
    [Fact]
    public void A_key_is_the_same_inside_another_one_and_after_one_that_failed()
    {
        var asked = ValueMap.Of(("a", 1));
        var (whole, inside) = (StepKey.Of(asked, "m", Messages.Select(ValueJson.ToCanonicalUtf8).ToList()), "");
        Assert.Throws<InvalidOperationException>(() => StepKey.Of(asked, "m", Messages.Select(ReadOnlyMemory<byte> (_) => throw new InvalidOperationException())));
        Assert.Equal(whole, StepKey.Of(asked, "m", Messages.Select(message =>
        {
            inside = StepKey.Of(asked);
            return ValueJson.ToCanonicalUtf8(message);
        })));
        Assert.Equal(StepKey.Of(asked), inside);
    }

    [Fact]
    public void The_order_of_keys_makes_no_difference_and_everything_else_does()
    {
        Assert.Equal(StepKey.Of(ValueMap.Of(("a", 1), ("b", 2))), StepKey.Of(ValueMap.Of(("b", 2), ("a", 1))));
        Assert.NotEqual(StepKey.Of(ValueMap.Of(("a", 1)), "m", [ValueJson.ToCanonicalUtf8(1)]), StepKey.Of(ValueMap.Of(("a", 1)), "m", [ValueJson.ToCanonicalUtf8(2)]));
    }
}
