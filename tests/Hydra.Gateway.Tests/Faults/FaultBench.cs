using System.Text;
using Hydra.Gateway.Config;
using Hydra.Gateway.Doors;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Routing;

namespace Hydra.Gateway.Tests.Faults;

/// <summary>How a scenario ended, in the words of the public bench.</summary>
internal enum FaultVerdict
{
    /// <summary>The caller has what it asked for, or the right refusal, and the provider was treated as it asked.</summary>
    Pass,
    /// <summary>The caller has its answer, but something around it is wrong.</summary>
    Partial,
    /// <summary>No answer where there could have been one, and the caller was told.</summary>
    Safe,
    /// <summary>Half an answer passed for a whole one, or nothing came at all.</summary>
    Fail,
}

/// <summary>Runs one scenario against a gateway that has a primary and a fallback, on a clock that runs <see cref="Speed"/> times as fast.</summary>
internal static class FaultBench
{
    public const double Speed = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    /// <summary>A caller that has heard nothing for so long, in real time, hangs.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    /// <returns>The verdict, and why it is no pass.</returns>
    public static async Task<(FaultVerdict Verdict, string Why)> RunAsync(FakeScenario scenario, FaultDoor door, bool isStream, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Hang);
        await using var fake = await FakeProvider.StartAsync(scenario.Script(Speed), cancellationToken);
        var clock = new CompressedTime(Speed);
        await using var service = await GatewayService.OpenAsync(ConfigOf(fake), new GatewayServiceOptions { Environment = _ => "sk-upstream", Folder = Path.GetTempPath(), Clock = clock, Seed = 1 }, cancellationToken);
        await using var host = await GatewayHost.StartAsync("http://127.0.0.1:0", service, cancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri(host.Url) };
        try
        {
            if (scenario.Id == "S15") return await FlapAsync(http, fake, clock, door, isStream, patience.Token);
            var answer = await AskAsync(http, door, "Say it.", isStream, patience.Token);
            return Judge(scenario.Id, answer, isStream, [.. fake.Calls]);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (FaultVerdict.Fail, "the caller hangs");
        }
    }

    private static (FaultVerdict, string) Judge(string scenario, FaultAnswer answer, bool isStream, IReadOnlyList<FakeCall> calls)
    {
        var primaries = calls.Count(call => call.Model == "primary");
        var isAnswered = answer is { Status: 200, IsWhole: true, Error: null };
        if (isAnswered && answer.Text is not (FakeScenarios.FallbackAnswer or FakeScenarios.PrimaryAnswer)) return (FaultVerdict.Fail, $"half an answer passed for a whole one: {answer.Text}");
        switch (scenario)
        {
            case "S08" or "S09" or "S14" when isStream:
                // Content has gone out: another model must not go on, and the caller must know.
                if (isAnswered || answer.Error is null) return (FaultVerdict.Fail, "the stream ended as if it were whole");
                return answer.Text == FakeScenarios.PrimaryAnswer[..80] ? Pass : (FaultVerdict.Partial, $"of the forty pieces came: {answer.Text}");
            case "S13":
                if (isAnswered) return (FaultVerdict.Fail, "another model was asked around the filter");
                return answer is { Status: 400, Error: not null } && calls.Count == 1 ? Pass : (FaultVerdict.Partial, $"{answer.Status} {answer.Error} after {calls.Count} calls");
        }
        if (!isAnswered) return (answer.Error is null ? FaultVerdict.Fail : FaultVerdict.Safe, $"{answer.Status} {answer.Error}");
        return scenario switch
        {
            "S01" or "S02" when primaries > 1 => (FaultVerdict.Partial, "the primary was asked again before its Retry-After"),
            "S12" when primaries > 1 => (FaultVerdict.Partial, "a prompt that is too long was sent again"),
            "S11" when answer.Text != FakeScenarios.PrimaryAnswer => (FaultVerdict.Partial, "a whole answer was thrown away"),
            "S16" when answer.Model != "fallback" => (FaultVerdict.Partial, $"the answer is said to be of {answer.Model}"),
            "S16" when (answer.InputTokens, answer.OutputTokens) != (FakeScenarios.FallbackUsage.Input, FakeScenarios.FallbackUsage.Output) =>
                (FaultVerdict.Partial, $"the usage is said to be {answer.InputTokens} and {answer.OutputTokens}"),
            _ => Pass,
        };
    }

    /// <summary>Twenty calls over an outage of 60 s, then one after it. The primary may be asked once in each window of the breaker.</summary>
    private static async Task<(FaultVerdict, string)> FlapAsync(HttpClient http, FakeProvider fake, CompressedTime clock, FaultDoor door, bool isStream, CancellationToken cancellationToken)
    {
        const int Calls = 20;
        var start = clock.GetTimestamp();
        var asked = new List<(TimeSpan At, int Primaries)>();
        for (var i = 0; i < Calls; i++)
        {
            var due = FakeScenarios.Outage * i / Calls - clock.GetElapsedTime(start);
            if (due > TimeSpan.Zero) await Task.Delay(due, clock, cancellationToken);
            var before = Primaries();
            var at = clock.GetElapsedTime(start);
            var answer = await AskAsync(http, door, "Say it during the outage.", isStream, cancellationToken);
            if (answer is not { Status: 200, IsWhole: true }) return (FaultVerdict.Safe, $"call {i + 1} got {answer.Status} {answer.Error}");
            asked.Add((at, Primaries() - before));
        }
        // The breaker opens after five failures in a row; what comes after them are probes, and a failed one doubles the window.
        var counted = 0;
        TimeSpan? lastProbe = null;
        foreach (var (at, primaries) in asked)
        {
            var isOpen = counted >= 5;
            counted += primaries;
            if (!isOpen || primaries == 0) continue;
            if (primaries > 1) return (FaultVerdict.Partial, $"{primaries} probes in one half-open window");
            if (lastProbe is { } last && at - last < TimeSpan.FromSeconds(5)) return (FaultVerdict.Partial, $"probes {(at - last).TotalSeconds:0.#} s apart");
            lastProbe = at;
        }
        return counted <= 5 + 4 ? Pass : (FaultVerdict.Partial, $"the primary was asked {counted} times in its outage");

        int Primaries() => fake.Calls.Count(call => call.Model == "primary");
    }

    private static async Task<FaultAnswer> AskAsync(HttpClient http, FaultDoor door, string prompt, bool isStream, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, door.Path) { Content = new StringContent(door.Ask(prompt, isStream), Encoding.UTF8, "application/json") };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return door.Read((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken), isStream);
    }

    private static (FaultVerdict, string) Pass => (FaultVerdict.Pass, "");

    private static GatewayConfig ConfigOf(FakeProvider fake)
    {
        var provider = new ProviderConfig { Kind = "openai", BaseUrl = fake.Url + "/v1", ApiKey = "env:FAKE_KEY" };
        var price = new PriceConfig(1, 2);
        return new GatewayConfig
        {
            AuthRequired = false,
            Store = new StoreConfig(Sqlite: null),
            Providers = new Dictionary<string, ProviderConfig> { ["one"] = provider, ["two"] = provider },
            Models = new Dictionary<string, ModelGroupConfig>
            {
                ["smart"] = new()
                {
                    Policy = new() { Strategy = RouteStrategy.Priority },
                    Deployments = [new() { Provider = "one", Model = "primary", Price = price }],
                    Fallbacks = ["spare"],
                    ContextWindowFallbacks = ["spare"],
                    Timeouts = new() { FirstToken = Patience, Idle = Patience, Answer = Patience },
                },
                ["spare"] = new() { Deployments = [new() { Provider = "two", Model = "fallback", Price = price }] },
            },
        };
    }
}
