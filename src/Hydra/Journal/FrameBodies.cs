using System.Buffers;
using System.Text.Json;
using Hydra.Model;

namespace Hydra.Journal;

/// <summary>
/// Frames as bytes. Events of the next frame are written down while the one before it is on its way to the disk, by another thread than the one
/// that waits for the disk; a list of events is only ever with one of the two.
/// </summary>
internal sealed class FrameBodies
{
    private readonly Lock _lock = new();
    private readonly List<Draft> _begun = [];
    private readonly Stack<Draft> _spare = new();

    private sealed class Draft
    {
        public Draft() => Json = EventWriter.WriterTo(Buffer);

        public ArrayBufferWriter<byte> Buffer { get; } = new(8192);
        public Utf8JsonWriter Json { get; }
        public IReadOnlyList<RunEvent> Events { get; set; } = [];
        public int Written { get; set; }
    }

    /// <summary>Writes down what is new in the list.</summary>
    public void Foresee(IReadOnlyList<RunEvent> events)
    {
        var draft = Take(events);
        Append(draft, events);
        lock (_lock) _begun.Add(draft);
    }

    public byte[] Of(IReadOnlyList<RunEvent> events)
    {
        var draft = Take(events);
        Append(draft, events);
        EventWriter.End(draft.Buffer, events);
        var body = draft.Buffer.WrittenSpan.ToArray();
        draft.Buffer.ResetWrittenCount();
        draft.Written = 0;
        lock (_lock) _spare.Push(draft);
        return body;
    }

    private static void Append(Draft draft, IReadOnlyList<RunEvent> events)
    {
        EventWriter.Append(draft.Buffer, draft.Json, events, draft.Written);
        draft.Written = events.Count;
    }

    private Draft Take(IReadOnlyList<RunEvent> events)
    {
        lock (_lock)
        {
            if (_begun.Find(draft => ReferenceEquals(draft.Events, events)) is { } begun)
            {
                _begun.Remove(begun);
                return begun;
            }
            var taken = _spare.TryPop(out var spare) ? spare : new Draft();
            taken.Events = events;
            return taken;
        }
    }
}
