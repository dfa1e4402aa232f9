using Hydra.Model;

namespace Hydra.Execution;

/// <summary>
/// The line of an attempt whose run replays an earlier one: a granted call is answered by the recording, journaled like
/// one that was made, and never leaves. What leaves an attempt does so through its line, so this is the one place.
/// </summary>
/// <param name="stop">Ends the run as failed, with the reason.</param>
internal sealed class ReplayLine(ILine inner, string path, Cassette cassette, Action<string> stop) : ILine
{
    private readonly Dictionary<int, AskedStep> _asked = [];

    public async ValueTask<StepGrant> IntendAsync(StepCall call, CancellationToken cancellationToken)
    {
        var grant = await inner.IntendAsync(call, cancellationToken);
        var asked = _asked[grant.Step] = new AskedStep(call, call.After is { } after ? _asked.GetValueOrDefault(after) : null, grant.Known?.Response);
        if (grant.Known is not null) return grant;
        if (cassette.TryTake(path, call, out var recorded))
        {
            if (recorded.NeverAnswered) await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            var result = recorded.Result with { Response = recorded.HasResponse ? inner.Keep(recorded.Response(), recorded.Labels) : null };
            Report(grant, result);
            return grant with { Known = result };
        }
        if (cassette.Missing == MissingCall.Call || (cassette.Missing == MissingCall.Offline && call.Kind == StepKind.Model)) return grant;
        var drift = cassette.Explain(path, call, asked.Request(inner.Read) ?? Value.Null);
        var error = new NodeError(ErrorCode.PolicyDenied, drift[..drift.IndexOf('\n', StringComparison.Ordinal)]);
        inner.Report(grant, new StepResult(null, default, MicroUsd.Zero, error, 0));
        stop(error.Message);
        throw new CallFailedException(error.Code, error.Message);
    }

    public void Report(StepGrant grant, StepResult result)
    {
        _asked[grant.Step] = _asked[grant.Step] with { Response = result.Response };
        inner.Report(grant, result);
    }

    public void Progress(string? partial = null) => inner.Progress(partial);
    public ValueRef Keep(Value value, Labels labels = default) => inner.Keep(value, labels);
    public Value Read(ValueRef reference) => inner.Read(reference);
}
