using System.Diagnostics;
using Hydra.Agents.Nodes;
using Hydra.Gateway.Fake;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Nodes;
using Microsoft.Extensions.AI;

namespace Hydra.Bench.Claims;

/// <summary>
/// Requests of the article's kind (route, analyse three ways, synthesise, format) that arrive at random: how many an hour are
/// served when ten calls may be under way, 99 % must succeed and 95 % must end within a time that is the same for both.
/// </summary>
internal static class ClaimLoad
{
    private const int Requests = 100, CallsAtOnce = 10, Steps = 5;
    /// <summary>How many times faster than in life the fake provider answers.</summary>
    private const double Speed = 250;
    /// <summary>Longest that a probe may take, on this machine.</summary>
    private static readonly TimeSpan ProbeMax = TimeSpan.FromMinutes(2);

    /// <summary>Longest 95th percentile: half as long again as the strongest model takes for six calls in a row.</summary>
    public const double P95Max = 90;

    private static readonly (string Id, string Tier, string[] Parents)[] Request =
    [
        ("route", "fast", []), ("risks", "strong", ["route"]), ("facts", "balanced", ["route"]), ("terms", "balanced", ["route"]),
        ("synthesis", "strong", ["risks", "facts", "terms"]), ("format", "fast", ["synthesis"]),
    ];

    /// <summary>The highest rate that was served, in requests an hour of life, by bisection between 0.1 and 1.1 of what ten calls at once can do at all, to 3 % of it; and what its probe saw. What has not ended within the bound of a probe has failed.</summary>
    public static async Task<(double PerHour, double P95, double Succeeded)> SearchAsync(IReadOnlyDictionary<string, string> models, bool isGraph, double faults)
    {
        var most = CallsAtOnce * 3600 / (isGraph ? Request.Sum(step => ClaimMix.Tiers[step.Tier].Seconds) : Request.Length * ClaimMix.Tiers["strong"].Seconds);
        var (low, high) = (0.1 * most, 1.1 * most);
        var best = (PerHour: 0.0, P95: 0.0, Succeeded: 0.0);
        for (var step = 0; step < Steps; step++)
        {
            var rate = (low + high) / 2;
            var (p95, succeeded) = await ProbeAsync(models, isGraph, faults, rate);
            if (p95 <= P95Max && succeeded >= 0.99) (best, low) = ((rate, p95, succeeded), rate);
            else high = rate;
        }
        return best;
    }

    private static async Task<(double P95, double Succeeded)> ProbeAsync(IReadOnlyDictionary<string, string> models, bool isGraph, double faults, double perHour)
    {
        var rules = ClaimMix.Faults(Requests * Request.Length, faults, call => Prompt(call / Request.Length, Request[call % Request.Length].Id),
            call => ClaimMix.LatencyMs(isGraph ? Request[call % Request.Length].Tier : "strong", Speed));
        var answers = ClaimMix.Tiers.Select(tier => new FakeRule { When = new() { Model = models[tier.Key] }, Answer = "Done.", LatencyMs = ClaimMix.LatencyMs(tier.Key, Speed) });
        await using var fake = await FakeProvider.StartAsync(new FakeScript { Rules = [.. rules, .. answers] });
        using var gateway = ClaimRun.Gateway(fake.Url);
        using var slots = new SemaphoreSlim(CallsAtOnce);
        using var bound = new CancellationTokenSource(ProbeMax);
        var types = NodeTypes.Of([.. NodeTypes.Core, new AgentNode(gateway, model => new Slotted(gateway.GetClient(model), slots))]);
        var workflows = Enumerable.Range(0, Requests).Select(request => Workflow(models, isGraph, request)).ToArray();
        var random = new Random(99);
        var clock = Stopwatch.StartNew();
        var at = 0.0;
        var seen = await Task.WhenAll(workflows.Select(workflow =>
        {
            at += -Math.Log(1 - random.NextDouble()) * 3600 / perHour / Speed;
            return ServeAsync(workflow, at);
        }));
        return (ClaimRun.Percentile(seen.Select(one => one.Seconds * Speed), 0.95), seen.Average(one => one.Succeeded ? 1.0 : 0));

        async Task<(double Seconds, bool Succeeded)> ServeAsync(WorkflowSpec workflow, double arrives)
        {
            if (TimeSpan.FromSeconds(arrives) - clock.Elapsed is { Ticks: > 0 } wait) await Task.Delay(wait);
            using var store = new MemoryRunStore(keepsFrames: false);
            var engine = new Engine(new EngineOptions { Types = types, Store = store, ReadDefinition = (_, _, _) => workflow });
            var report = await engine.RunAsync(workflow, new RunRequest { MaxConcurrent = CallsAtOnce }, bound.Token);
            return (clock.Elapsed.TotalSeconds - arrives, report.Status == RunStatus.Completed);
        }
    }

    private static WorkflowSpec Workflow(IReadOnlyDictionary<string, string> models, bool isGraph, int request) => ClaimMix.Read("request", models, Request.Select((step, i) => Value.Of(ValueMap.Of(
        ("id", step.Id), ("type", "agent"), ("model", isGraph ? step.Tier : "strong"), ("prompt", Prompt(request, step.Id)),
        ("depends_on", Value.OfTexts(isGraph ? step.Parents : i == 0 ? [] : [Request[i - 1].Id]))))));

    private static string Prompt(int request, string step) => $"Request {request}: {step}.";

    /// <summary>Waits for one of the slots that all requests share.</summary>
    private sealed class Slotted(IChatClient inner, SemaphoreSlim slots) : DelegatingChatClient(inner)
    {
        public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            await slots.WaitAsync(cancellationToken);
            try { return await base.GetResponseAsync(messages, options, cancellationToken); }
            finally { slots.Release(); }
        }

        public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await slots.WaitAsync(cancellationToken);
            try
            {
                await foreach (var update in base.GetStreamingResponseAsync(messages, options, cancellationToken)) yield return update;
            }
            finally { slots.Release(); }
        }
    }
}
