namespace Hydra.Model;

/// <summary>What one budget has spent and holds reserved. Every run has one, every node with a <c>budget</c> its own.</summary>
public sealed class Account(string owner, BudgetSpec limits, Account? parent)
{
    /// <summary>Usage is counted up to here, so that no absurd bill overflows and frees a budget.</summary>
    private const long CountMax = 1L << 59;

    /// <summary>The path whose budget this is; empty for the run.</summary>
    public string Owner { get; } = owner;
    public BudgetSpec Limits { get; set; } = limits;
    public Account? Parent { get; } = parent;
    public long Tokens { get; private set; }
    public MicroUsd Usd { get; private set; }
    public long ReservedTokens { get; private set; }
    public MicroUsd ReservedUsd { get; private set; }
    public long ModelCalls { get; private set; }
    public long ToolCalls { get; private set; }
    /// <summary>Of the calls to models those whose cost nobody knows: it is not in <see cref="Usd"/>.</summary>
    public long UnpricedCalls { get; private set; }
    public long Steps { get; private set; }
    public long Retries { get; set; }
    /// <summary>Calls announced and not yet settled.</summary>
    public int Outstanding { get; private set; }
    /// <summary>Attempts that run on this budget.</summary>
    public int Running { get; set; }
    /// <summary>Milliseconds of work counted against <c>max_seconds</c> up to the last frame.</summary>
    public long ActiveMs { get; set; }

    public void Reserve(StepCall call)
    {
        Outstanding++;
        Steps++;
        if (call.Kind == StepKind.Model) ModelCalls++;
        else ToolCalls++;
        ReservedTokens += Counted(call.TokensMax);
        ReservedUsd += Counted(call.UsdMax ?? MicroUsd.Zero);
    }

    public void Settle(StepCall call, StepResult result)
    {
        Outstanding--;
        ReservedTokens -= Counted(call.TokensMax);
        ReservedUsd -= Counted(call.UsdMax ?? MicroUsd.Zero);
        var usage = result.Usage;
        Tokens = Counted(Tokens + Counted(usage));
        Usd = Counted(Usd + Counted(result.Cost));
        if (result.HasUnknownCost(call)) UnpricedCalls++;
        if (!result.IsRefused) return;
        Steps--;   // it was never made
        if (call.Kind == StepKind.Model) ModelCalls--;
        else ToolCalls--;
    }

    /// <summary>What an instance has spent and holds reserved is taken out: a fork does it anew.</summary>
    public void Forget(InstanceDetail detail)
    {
        foreach (var step in detail.Steps ?? [])
        {
            if (step.Result is not null) continue;
            Outstanding--;
            ReservedTokens -= Counted(step.Call.TokensMax);
            ReservedUsd -= Counted(step.Call.UsdMax ?? MicroUsd.Zero);
        }
        var usage = detail.Usage;
        Tokens = Math.Max(0, Tokens - Counted(usage));
        Usd = Counted(new MicroUsd(Usd.Amount - Counted(detail.Cost).Amount));
        ModelCalls -= detail.ModelCalls;
        ToolCalls -= detail.ToolCalls;
        UnpricedCalls -= detail.UnpricedCalls;
        Steps -= detail.ModelCalls + detail.ToolCalls;
        Retries -= detail.Retries;
    }

    /// <summary>A negative count never frees anything.</summary>
    private static long Counted(long amount) => Math.Clamp(amount, 0, CountMax);
    private static long Counted(TokenUsage usage) =>
        Counted(Counted(usage.Input) + Counted(usage.Output) + Counted(usage.CacheRead) + Counted(usage.CacheWrite) + Counted(usage.Reasoning)
            + Counted(usage.CacheWriteHour) + Counted(usage.InputAudio) + Counted(usage.OutputAudio));
    private static MicroUsd Counted(MicroUsd amount) => new(Counted(amount.Amount));

    /// <summary>Why the call does not fit, in words; null when it fits. <paramref name="mayFitLater"/>: open reservations could make room.</summary>
    public string? Refuses(StepCall call, out bool mayFitLater)
    {
        mayFitLater = false;
        if (call.PromptTokensMax > Limits.MaxContextTokens) return $"a prompt of up to {call.PromptTokensMax} tokens is over max_context_tokens {Limits.MaxContextTokens}";
        if (Steps >= Limits.MaxSteps) return $"max_steps {Limits.MaxSteps} is used up";
        if (call.Kind == StepKind.Model && ModelCalls >= Limits.MaxModelCalls) return $"max_model_calls {Limits.MaxModelCalls} is used up";
        if (call.Kind == StepKind.Tool && ToolCalls >= Limits.MaxToolCalls) return $"max_tool_calls {Limits.MaxToolCalls} is used up";
        if (Limits.MaxTokens is { } maxTokens && Tokens + ReservedTokens + Counted(call.TokensMax) > maxTokens)
        {
            mayFitLater = Outstanding > 0;
            return $"a call of up to {call.TokensMax} tokens does not fit: {Tokens} of max_tokens {maxTokens} are spent";
        }
        if (Limits.MaxUsd is { } maxUsd)
        {
            if (call.UsdMax is not { } bound) return $"the price of '{call.Name}' is unknown, and max_usd is set; declare a price for it in a price file";
            if (Usd + ReservedUsd + Counted(bound) > maxUsd)
            {
                mayFitLater = Outstanding > 0;
                return $"a call of up to {bound} USD does not fit: {Usd} of max_usd {maxUsd} are spent";
            }
        }
        return null;
    }
}
