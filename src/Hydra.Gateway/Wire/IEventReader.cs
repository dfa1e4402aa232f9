namespace Hydra.Gateway.Wire;

/// <summary>One event of a provider's stream, whatever cuts it from the next.</summary>
/// <param name="Name">Its kind where the framing says one, else empty.</param>
/// <param name="Data">Its payload, JSON as a rule.</param>
internal readonly record struct StreamEvent(string Name, ReadOnlyMemory<byte> Data)
{
    public bool IsDone => Data.Length == 6 && Data.Span.SequenceEqual("[DONE]"u8);
}

/// <summary>
/// Cuts a stream of bytes into events in bounded memory. Bytes that are no such stream are a <see cref="Hydra.Model.CallFailedException"/>.
/// </summary>
internal interface IEventReader
{
    /// <summary>The next event, or null at the end of the stream.</summary>
    ValueTask<StreamEvent?> ReadAsync(CancellationToken cancellationToken);

    /// <summary>The next event if it has come whole with what was read before; its data stands until the next <see cref="ReadAsync"/>.</summary>
    bool TryRead(out StreamEvent next)
    {
        next = default;
        return false;
    }
}
