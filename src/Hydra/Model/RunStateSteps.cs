using Hydra.Policies;

namespace Hydra.Model;

// Steps of attempts: what is intended is reserved in every account around it, what has ended is settled.
public sealed partial class RunState
{
    /// <summary>Calls of the last minute are what the rate limits look at.</summary>
    public const long RateWindowMs = 60_000;

    private void Intend(RunEvent.StepIntended e, long atMs)
    {
        RateEntry? rate = null;
        if (e.Call.Kind == StepKind.Model && (Limits.Rpm is not null || Limits.Tpm is not null))
        {
            ForgetOldCalls(atMs);
            rate = new RateEntry(atMs, e.Call.TokensMax);
            RecentCalls.Enqueue(rate);
        }
        var load = LoadOf(e.Node, e.Call);
        load?.Enter(atMs);
        (Detail(e.Node).Steps ??= []).Add(new StepState(e.Call) { Rate = rate, Load = load });
        if (e.Call.Ruling is { Decision: PolicyDecision.Deny }) _detail[e.Node]!.WasDenied = true;
        if (e.Call.Ruling is { Decision: PolicyDecision.Allow, Wait: "" } let && !let.Rule.StartsWith('<')) RuleUses.Note(let.Rule, PathOf(e.Node), $"{AttemptOf(e.Node)}:{e.Call.Key}");
        if (e.Call.Kind == StepKind.Model) _detail[e.Node]!.ModelCalls++;
        else _detail[e.Node]!.ToolCalls++;
        for (var account = AccountOf(e.Node); account is not null; account = account.Parent) account.Reserve(e.Call);
        if (e.Call.Provider.Length > 0) ProviderBreaker(e.Call.Provider).Enter(CallerOf(e.Node, e.Step));
    }

    private static long CallerOf(int instance, int step) => ((long)instance << 32) | (uint)step;

    /// <summary>Calls that have left the window of the rate limits.</summary>
    public void ForgetOldCalls(long nowMs)
    {
        while (RecentCalls.TryPeek(out var oldest) && nowMs - oldest.AtMs >= RateWindowMs) RecentCalls.Dequeue();
    }

    private void EndStep(RunEvent.StepEnded e, long atMs)
    {
        var step = _detail[e.Node]!.Steps![e.Step];
        if (step.Result is null) step.Load?.Leave();
        step.Result = e.Result;
        _detail[e.Node]!.Cost += e.Result.Cost;
        _detail[e.Node]!.Usage += e.Result.Usage;
        if (e.Result.HasUnknownCost(step.Call)) _detail[e.Node]!.UnpricedCalls++;
        if (step.Rate is { } rate) rate.Tokens = e.Result.Usage.Total;
        for (var account = AccountOf(e.Node); account is not null; account = account.Parent) account.Settle(step.Call, e.Result);
        if (step.Call.Provider.Length == 0) return;
        var breaker = ProviderBreaker(step.Call.Provider);
        var caller = CallerOf(e.Node, e.Step);
        if (e.Result.Error is not { } error) breaker.Succeeded(caller);
        else if (error.Code == ErrorCode.ProviderError || error.Code == ErrorCode.Network
            || error.Code == ErrorCode.Timeout || error.Code == ErrorCode.IdleTimeout) breaker.Failed(caller, atMs);
        else breaker.Abandoned(caller);
    }
}
