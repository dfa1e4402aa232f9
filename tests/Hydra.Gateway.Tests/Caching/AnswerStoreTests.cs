using System.Net;
using System.Net.Sockets;
using Hydra.Gateway.Caching;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests.Caching;

/// <summary>What holds of every store, and what holds of one.</summary>
public sealed class AnswerStoreTests : IDisposable
{
    private readonly StandingTime _time = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-cache-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("memory")]
    [InlineData("sqlite")]
    public async Task An_answer_is_found_until_it_expires(string kind)
    {
        await using var store = Open(kind, 1 << 20);
        await store.KeepAsync("k", Answer("Hello"), default);

        Assert.Equal("Hello", (await store.FindAsync("k", default))!.Updates[0].Text);
        Assert.Null(await store.FindAsync("other", default));
        _time.Pass(TimeSpan.FromHours(1));
        Assert.Null(await store.FindAsync("k", default));
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("sqlite")]
    public async Task Clearing_takes_what_has_the_tag_the_model_and_the_age(string kind)
    {
        await using var store = Open(kind, 1 << 20);
        await store.KeepAsync("old", Answer("a") with { Tags = ["app=shop"] }, default);
        _time.Pass(TimeSpan.FromMinutes(30));
        await store.KeepAsync("new", Answer("b") with { Tags = ["app=shop"] }, default);
        await store.KeepAsync("other", Answer("c") with { Model = "cheap" }, default);

        Assert.Equal(1, await store.ClearAsync(new CacheSelection("app=shop", MadeBefore: _time.GetUtcNow() - TimeSpan.FromMinutes(5)), default));
        Assert.Equal(0, await store.ClearAsync(new CacheSelection("app=shop", "cheap"), default));
        Assert.Equal(1, await store.ClearAsync(new CacheSelection(Model: "cheap"), default));
        Assert.NotNull(await store.FindAsync("new", default));
        Assert.Equal(1, await store.ClearAsync(new CacheSelection(), default));
        Assert.Equal(0, (await store.StatsAsync(default)).Bytes);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("sqlite")]
    public async Task A_full_store_stays_within_its_bytes_and_forgets_what_saves_least(string kind)
    {
        const int bytesMax = 60_000;
        await using var store = Open(kind, bytesMax);
        await store.KeepAsync("dear", Answer(new string('x', 500), usd: 1m), default);
        for (var i = 0; i < 300; i++) await store.KeepAsync($"cheap{i}", Answer(new string('x', 500), usd: 0.000001m), default);

        var stats = await store.StatsAsync(default);
        Assert.InRange(stats.Bytes, bytesMax / 3, bytesMax);
        Assert.NotNull(await store.FindAsync("dear", default));
        Assert.NotNull(await store.FindAsync("cheap299", default));
        Assert.Null(await store.FindAsync("cheap0", default));
    }

    [Fact]
    public async Task An_entry_that_nobody_asks_for_ages_in_memory()
    {
        await using var store = Open("memory", 10_000);
        await store.KeepAsync("once dear", Answer(new string('x', 500), usd: 0.00001m), default);
        for (var i = 0; i < 500; i++) await store.KeepAsync($"k{i}", Answer(new string('x', 500), usd: 0.000005m), default);

        Assert.Null(await store.FindAsync("once dear", default));
    }

    [Fact]
    public async Task Sqlite_keeps_answers_for_the_next_process()
    {
        await using (var store = Open("sqlite", 1 << 20)) await store.KeepAsync("k", Answer("Hello"), default);
        await using var later = Open("sqlite", 1 << 20);

        Assert.Equal("Hello", (await later.FindAsync("k", default))!.Updates[0].Text);
    }

    [Fact]
    public async Task A_real_redis_is_entered_with_its_password_and_shares_answers()
    {
        await using var redis = await RedisUnderTest.StartAsync();
        await using var one = new RedisAnswers(redis.Address, TimeProvider.System, TimeSpan.FromSeconds(30));
        await using var two = new RedisAnswers(redis.Address, TimeProvider.System, TimeSpan.FromSeconds(30));
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => one.KeepAsync($"k{i}", Fresh($"Answer {i}\r\n$5\r\n"), default).AsTask()));

        var found = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => two.FindAsync($"k{i}", default).AsTask()));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"Answer {i}\r\n$5\r\n"), found.Select(answer => answer!.Updates[0].Text));
        await one.KeepAsync("tagged", Fresh("x") with { Tags = ["app=shop"] }, default);
        Assert.Equal(1, await two.ClearAsync(new CacheSelection("app=shop"), default));
        Assert.Null(await one.FindAsync("tagged", default));
        Assert.Equal(200, (await one.StatsAsync(default)).Entries);
        Assert.Equal(200, await two.ClearAsync(new CacheSelection(), default));
        Assert.Null(await one.FindAsync("k7", default));
    }

    [Fact]
    public async Task A_redis_that_has_died_is_a_miss_and_is_used_again_when_it_is_back_and_rested()
    {
        await using var redis = await RedisUnderTest.StartAsync();
        await using var store = new RedisAnswers(redis.Address, _time, TimeSpan.FromSeconds(30));
        await store.KeepAsync("k", Answer("Hello"), default);
        Assert.NotNull(await store.FindAsync("k", default));

        redis.Stop();

        Assert.Null(await store.FindAsync("k", default));
        await Assert.ThrowsAsync<Model.StoreException>(() => store.StatsAsync(default).AsTask());
    }

    [Fact]
    public async Task A_redis_that_is_silent_costs_one_call_its_patience_and_the_others_nothing()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var calls = 0;
        var address = RedisAddress.Parse($"redis://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");
        await using var store = new RedisAnswers(address, _time, TimeSpan.FromMilliseconds(400));

        Assert.Null(await store.FindAsync("k", default));
        using (await silent.AcceptTcpClientAsync(TestContext.Current.CancellationToken)) calls++;
        for (var i = 0; i < 50; i++) Assert.Null(await store.FindAsync("k", default));
        Assert.False(silent.Pending());

        _time.Pass(TimeSpan.FromSeconds(6));
        Assert.Null(await store.FindAsync("k", default));
        Assert.True(silent.Pending());
        Assert.Equal(1, calls);
    }

    [Theory]
    [InlineData("http://host")]
    [InlineData("redis://host/x")]
    [InlineData("redis://secret@host")]
    [InlineData("host:6379")]
    public void A_wrong_address_is_refused_without_being_said(string url)
    {
        var refused = Assert.Throws<Pipeline.GatewayConfigException>(() => RedisAddress.Parse(url));
        Assert.DoesNotContain("secret@", refused.Message);
    }

    private IAnswerStore Open(string kind, long bytesMax) => kind == "memory" ? new MemoryAnswers(bytesMax, _time) : new SqliteAnswers(Path.Combine(_folder, "cache.db"), bytesMax, _time);

    private CachedAnswer Answer(string text, decimal usd = 0.01m) => new()
    {
        Model = "smart", At = _time.GetUtcNow(), ExpiresAt = _time.GetUtcNow().AddHours(1), Tags = [], CostUsd = usd, Tokens = 10,
        Updates = [new ChatResponseUpdate(ChatRole.Assistant, text) { FinishReason = ChatFinishReason.Stop }],
    };

    private CachedAnswer Fresh(string text) => Answer(text) with { At = DateTimeOffset.UtcNow, ExpiresAt = DateTimeOffset.UtcNow.AddHours(1) };
}
