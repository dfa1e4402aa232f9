using Hydra.Agents.Tools;
using Hydra.Model;

namespace Hydra.Agents.Loop;

/// <summary>Stands before a tool that is about to be called: answers from its cache, and keeps calls from a tool that keeps failing.</summary>
internal sealed class ToolGuard(WorkflowSpec workflow, string run, TimeProvider clock)
{
    private readonly ToolState _state = ToolState.Of(workflow);

    private long NowMs => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <param name="effect">Of this call.</param>
    /// <param name="learned">Labels that the call found on the way; those of a kept answer are added to it.</param>
    public async ValueTask<Value> CallAsync(HeldTool held, ToolCall call, EffectClass effect, Func<Labels> learned, Func<ValueTask<Value>> act)
    {
        var facts = held.Facts;
        var cache = facts.Cache;
        // An answer to what a person said holds for nobody else.
        var key = cache is not null && effect == EffectClass.Pure && call.Forms is null ? ToolState.KeyOf(run, held.Tool.ListedName, cache, call.Arguments.AsObject) : null;
        if (key is not null && _state.Find(key, NowMs) is { } kept)
        {
            call.Learned(kept.Labels);
            return kept.Result;
        }
        var result = await BrokenAsync(held, act);
        if (key is not null) _state.Keep(run, key, cache!, result, held.Tool.LabelsOf(call).With(learned()), NowMs);
        else if (cache is not null) _state.Acted(run, cache);
        return result;
    }

    private async ValueTask<Value> BrokenAsync(HeldTool held, Func<ValueTask<Value>> act)
    {
        var facts = held.Facts;
        var spec = facts.Breaker ?? (facts.BreakerName is { } shared ? workflow.Breakers[shared] : null);
        if (spec is null) return await act();
        var name = facts.BreakerName ?? $"tool:{held.Tool.ListedName}";
        if (_state.Enter(name, spec, NowMs) is not { } caller)
            throw new CallFailedException(ErrorCode.ToolFailed, $"'{facts.Name}' was not called: it kept failing, and its breaker lets nothing through for {spec.Cooldown.TotalSeconds:0.###} s after {spec.Failures} failures. Go on without it");
        bool? failed = null;
        try
        {
            var result = await act();
            failed = false;
            return result;
        }
        catch (CallFailedException wrong)
        {
            // A wrong call says nothing of the tool.
            failed = wrong.Code == ErrorCode.BadRequest || wrong.Code == ErrorCode.PolicyDenied ? null : true;
            throw;
        }
        finally
        {
            _state.Leave(name, caller, failed, NowMs);
        }
    }
}
