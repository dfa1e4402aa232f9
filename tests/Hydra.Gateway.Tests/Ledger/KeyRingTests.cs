using Hydra.Gateway.Ledger;
using Hydra.Model;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>Virtual keys from their creation to their end.</summary>
public class KeyRingTests : IDisposable
{
    private readonly LedgerFolder _folder;

    public KeyRingTests() : this(new LedgerFolder())
    {
    }

    /// <summary>The same sentences hold for another store.</summary>
    private protected KeyRingTests(LedgerFolder folder) => _folder = folder;

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_created_key_is_known_with_all_it_may_do()
    {
        await using var ledger = await _folder.OpenAsync();
        using var keys = new KeyRing(ledger, _folder);
        var issued = await keys.CreateAsync(new NewKey { Name = "ci", Team = "research", User = "ada", Tags = ["project=x"], Models = ["smart"], RequestsPerMinute = 60, UsdMax = 5, Window = BudgetWindow.Day });
        var key = Valid(keys, issued.Secret);
        Assert.Equal(("ci", "research", "ada", 60, "sk-hydra-"), (key.Name, key.Team, key.User, key.RequestsPerMinute, key.Prefix[..9]));
        Assert.True(key.Allows("smart"));
        Assert.False(key.Allows("cheap"));
        Assert.Equal((5m, BudgetWindow.Day), (key.Budget!.UsdMax, key.Budget.Window));
        Assert.Equal(["project=x", "run=7"], key.ToCaller("mallory", ["run=7"]).Tags);
        Assert.Equal("ada", key.ToCaller("mallory", []).User);
    }

    [Fact]
    public async Task The_budget_of_a_key_holds_and_a_configured_one_may_name_it()
    {
        await using var ledger = await _folder.OpenAsync("key:ci 3 day");
        using var keys = new KeyRing(ledger, _folder);
        var issued = await keys.CreateAsync(new NewKey { Name = "ci", UsdMax = 5, Window = BudgetWindow.Total });
        var caller = issued.Key.ToCaller(null, []);
        Assert.Equal($"key:{issued.Key.Id}", (await ledger.RefuseAsync(4m, caller)).Scope);
        _ = await ledger.TakeAsync(3m, caller: caller);
        _folder.Now = _folder.Now.AddDays(1);
        Assert.Equal((BudgetWindow.Total, 5m), ((await ledger.RefuseAsync(2.5m, caller)).Window, (await ledger.RefuseAsync(2.5m, caller)).Limit));
    }

    [Fact]
    public async Task Unknown_blocked_expired_and_deleted_keys_are_refused()
    {
        await using var ledger = await _folder.OpenAsync();
        using var keys = new KeyRing(ledger, _folder);
        var issued = await keys.CreateAsync(new NewKey { Name = "ci", ExpiresAt = _folder.Now.AddDays(30) });
        Assert.Equal(KeyProblem.Unknown, Problem(keys, issued.Secret + "x"));
        Assert.Equal(KeyProblem.Unknown, Problem(keys, ""));
        Assert.Equal(KeyProblem.Unknown, Problem(keys, new string('€', 100_000)));
        await keys.SetBlockedAsync("ci", true);
        Assert.Equal(KeyProblem.Blocked, Problem(keys, issued.Secret));
        await keys.SetBlockedAsync("ci", false);
        Assert.Equal("ci", Valid(keys, issued.Secret).Name);
        _folder.Now = _folder.Now.AddDays(30);
        Assert.Equal(KeyProblem.Expired, Problem(keys, issued.Secret));
        await keys.DeleteAsync(issued.Key.Id);
        Assert.Equal(KeyProblem.Unknown, Problem(keys, issued.Secret));
        Assert.Equal("ci", (await keys.CreateAsync(new NewKey { Name = "ci" })).Key.Name);
    }

    [Fact]
    public async Task A_rotated_key_is_good_with_its_old_secret_for_the_grace_only()
    {
        await using var ledger = await _folder.OpenAsync();
        using var keys = new KeyRing(ledger, _folder);
        var first = await keys.CreateAsync(new NewKey { Name = "ci" });
        var second = await keys.RotateAsync("ci", TimeSpan.FromHours(24));
        Assert.Equal(first.Key.Id, second.Key.Id);
        Assert.Equal("ci", Valid(keys, first.Secret).Name);
        Assert.Equal("ci", Valid(keys, second.Secret).Name);
        _folder.Now = _folder.Now.AddHours(24);
        Assert.Equal(KeyProblem.Expired, Problem(keys, first.Secret));
        Assert.Equal("ci", Valid(keys, second.Secret).Name);
    }

    [Fact]
    public async Task What_another_process_changes_is_seen_within_a_second()
    {
        await using var ledger = await _folder.OpenAsync();
        await using var other = await _folder.OpenAsync();
        using var keys = new KeyRing(ledger, _folder);
        using var theirs = new KeyRing(other, _folder);
        var issued = await theirs.CreateAsync(new NewKey { Name = "ci" });
        _folder.Now = _folder.Now.AddSeconds(1);
        Assert.Equal("ci", Valid(keys, issued.Secret).Name);
        await theirs.SetBlockedAsync("ci", true);
        _folder.Now = _folder.Now.AddSeconds(1);
        Assert.Equal(KeyProblem.Blocked, Problem(keys, issued.Secret));
    }

    [Fact]
    public async Task A_name_is_given_once_and_everything_wrong_with_a_wish_is_said()
    {
        await using var ledger = await _folder.OpenAsync();
        using var keys = new KeyRing(ledger, _folder);
        await keys.CreateAsync(new NewKey { Name = "ci" });
        Assert.Contains("'ci' already", (await Assert.ThrowsAsync<KeyRefusedException>(() => keys.CreateAsync(new NewKey { Name = "ci" }))).Message);
        var wrong = await Assert.ThrowsAsync<KeyRefusedException>(() => keys.CreateAsync(new NewKey { Name = "a b", Tags = ["x"], UsdMax = -1 }));
        Assert.Equal(3, wrong.Message.Split('\n').Length);
        Assert.Contains("Did you mean 'ci'", (await Assert.ThrowsAsync<KeyRefusedException>(() => keys.DeleteAsync("cI"))).Message);
    }

    private static VirtualKey Valid(KeyRing keys, string presented) => Assert.IsType<KeyCheck.Valid>(keys.Find(presented)).Key;
    private static KeyProblem Problem(KeyRing keys, string presented) => Assert.IsType<KeyCheck.Refused>(keys.Find(presented)).Problem;
}
