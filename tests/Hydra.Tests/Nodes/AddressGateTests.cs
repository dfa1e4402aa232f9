using System.Net;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Tests.Nodes;

/// <summary>Names whose owner changes what they lead to.</summary>
public sealed class AddressGateTests
{
    private string[] _answer = [];
    private int _asked;

    private AddressGate Gate => field ??= new((_, _) =>
    {
        _asked++;
        return Task.FromResult(Array.ConvertAll(_answer, IPAddress.Parse));
    });

    private async Task<string> ReachAsync(bool isListed, params string[] answer)
    {
        _answer = answer;
        return string.Join(' ', (await Gate.ReachableAsync("shop.example", isListed, CancellationToken.None)).Select(address => address.ToString()));
    }

    private async Task RefusedAsync(string why, bool isListed, params string[] answer)
    {
        var refused = await Assert.ThrowsAsync<CallFailedException>(() => ReachAsync(isListed, answer));
        Assert.Equal(ErrorCode.PolicyDenied, refused.Code);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_asked_for_once_and_what_was_judged_is_what_is_connected_to()
    {
        Assert.Equal("8.8.8.8", await ReachAsync(false, "8.8.8.8"));
        Assert.Equal(1, _asked);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:127.0.0.1")]
    public async Task A_name_that_turns_inwards_is_refused_listed_or_not(string inward)
    {
        await ReachAsync(false, "8.8.8.8");
        await RefusedAsync("no public address", false, inward);
        await RefusedAsync("led to the internet before", true, inward);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Beside_a_public_address_no_other_one_is_tried(bool isListed) => Assert.Equal("8.8.8.8", await ReachAsync(isListed, "127.0.0.1", "8.8.8.8", "10.0.0.1"));

    [Fact]
    public async Task A_listed_name_that_has_always_lain_inwards_is_reached() => Assert.Equal("10.0.0.1", await ReachAsync(true, "10.0.0.1"));

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("fe80::1")]
    [InlineData("::ffff:169.254.169.254")]
    public async Task The_metadata_of_a_machine_is_reached_under_no_name(string address) => await RefusedAsync("where machines are told who they are", true, address);

    [Fact]
    public async Task An_address_that_is_listed_itself_is_reached()
    {
        Assert.Equal("169.254.169.254", string.Join(' ', (await Gate.ReachableAsync("169.254.169.254", true, CancellationToken.None)).Select(address => address.ToString())));
        Assert.Equal(0, _asked);
        await Assert.ThrowsAsync<CallFailedException>(() => Gate.ReachableAsync("169.254.169.254", false, CancellationToken.None));
    }
}
