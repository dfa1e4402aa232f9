namespace Hydra.Model;

/// <summary>One call of an attempt with what it goes on from, to read the whole of what was asked.</summary>
/// <param name="Earlier">The step that <see cref="StepCall.After"/> names; null where it names none.</param>
/// <param name="Response">What was answered; null while it is not.</param>
public sealed record AskedStep(StepCall Call, AskedStep? Earlier, ValueRef? Response)
{
    /// <summary>
    /// The request as it was sent: where it goes on from another, that one's messages, its answer as the assistant's, and
    /// then its own. Throws <see cref="StoreException"/> where a part is gone.
    /// </summary>
    /// <returns>Null where nothing was kept of it.</returns>
    public Value? Request(Func<ValueRef, Value> read)
    {
        if (Call.After is null) return Call.Request is { } whole ? read(whole) : default(Value?);
        var steps = new Stack<AskedStep>();
        var first = this;
        for (; first.Call.After is { } after; first = first.Earlier)
        {
            steps.Push(first);
            if (first.Earlier is null) throw new StoreException(StoreFault.Corrupt, $"A call goes on from step {after} of its attempt, which the journal does not have.");
        }
        List<Value> messages = [.. MessagesOf(first.Call.Request)];
        foreach (var step in steps)
        {
            messages.Add(Said(step.Earlier!.Response is { } answer ? read(answer) : Value.Of("")));
            messages.AddRange(MessagesOf(step.Call.Request));
        }
        return Value.Of(messages);

        // An answer that calls tools is kept as {text, tool_calls}.
        static Value Said(Value answer) => answer.IsObject && answer.AsObject.GetOrNull("tool_calls") is { IsList: true } calls
            ? ValueMap.Of(("role", "assistant"), ("content", answer.AsObject.GetOrNull("text")), ("tool_calls", calls))
            : ValueMap.Of(("role", "assistant"), ("content", answer.ToDisplayText()));

        IEnumerable<Value> MessagesOf(ValueRef? request) => request is null ? [] : read(request).Items;
    }
}
