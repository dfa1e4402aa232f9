using System.Diagnostics.CodeAnalysis;

namespace Hydra.Model;

/// <summary>What a replayed run does with a call that was not recorded.</summary>
public enum MissingCall
{
    /// <summary>The run fails and says at which message it left the recording.</summary>
    Fail,
    /// <summary>The call is made.</summary>
    Call,
    /// <summary>Models answer offline; a tool's call fails the run.</summary>
    Offline,
}

/// <summary>One call of an earlier run with what came of it.</summary>
public sealed record RecordedCall
{
    /// <summary>The path of the node that made it.</summary>
    public required string Path { get; init; }
    /// <summary>The call; what it asked is <see cref="Request"/>.</summary>
    public required StepCall Call { get; init; }
    /// <summary>The prompt's messages or the tool's arguments, without secrets; null value: unknown.</summary>
    public required Func<Value> Request { get; init; }
    /// <summary>The answer; null value where there was none.</summary>
    public required Func<Value> Response { get; init; }
    /// <summary>What it cost and how it went; what was answered is <see cref="Response"/>.</summary>
    public required StepResult Result { get; init; }
    public bool HasResponse { get; init; }
    /// <summary>Labels of the answer: what a replay decides by.</summary>
    public Labels Labels { get; init; }
    /// <summary>The call was cut because nothing needed its answer any more: a replay lets it hang until it is cut again.</summary>
    public bool NeverAnswered { get; init; }
    /// <summary>Question and answer are secret and stay where they were recorded: a portable cassette has neither.</summary>
    public bool IsSecret { get; init; }
    /// <summary>The call as a file of recordings holds it, where that was written down already; empty: it was not.</summary>
    internal ReadOnlyMemory<byte> Line { get; set; }
    public bool IsLeftOut => IsSecret && !HasResponse && Result.Error is null;
}

/// <summary>What people, or time, decided of one wait.</summary>
/// <param name="Path">The path of the node that asked.</param>
/// <param name="PayloadSha256">What was shown.</param>
/// <param name="Answers">In the order given.</param>
/// <param name="Expired">Set when time decided.</param>
/// <param name="AtMs">When it was decided (Unix milliseconds).</param>
public sealed record RecordedDecision(string Path, string PayloadSha256, IReadOnlyList<WaitAnswer> Answers, WaitExpiry? Expired, bool IsEscalated, long AtMs);

/// <summary>Where a recording comes from: enough to ask the same questions again.</summary>
public sealed record CassetteHead
{
    public required RunId Run { get; init; }
    public required string Workflow { get; init; }
    public required string DefinitionHash { get; init; }
    /// <summary>When the run's inputs were resolved, as templates saw it.</summary>
    public required string Now { get; init; }
    public ValueMap Inputs { get; init; } = ValueMap.Empty;
    /// <summary>The program's own options of that run.</summary>
    public ValueMap Options { get; init; } = ValueMap.Empty;
}

/// <summary>
/// The calls of an earlier run, served in place of making them. A call is recognised by its key, a hash of all that is
/// asked; of calls asked alike, each node gets its own, in the order in which they were made. Safe for many threads.
/// </summary>
public sealed class Cassette
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Queue<long>> _waits;
    private readonly List<RecordedCall> _calls;
    /// <summary>For those who ask: a recording that is only written needs none.</summary>
    private readonly Lazy<Index> _index;
    private readonly Dictionary<string, Queue<RecordedDecision>> _decisions = new(StringComparer.Ordinal);
    private string? _drift;

    /// <param name="waits">When the waits of a node ended (Unix milliseconds), by path.</param>
    /// <param name="decisions">In the order in which they were made.</param>
    public Cassette(CassetteHead head, IEnumerable<RecordedCall> calls, IEnumerable<KeyValuePair<string, IReadOnlyList<long>>>? waits = null, IEnumerable<RecordedDecision>? decisions = null)
    {
        Head = head;
        Decisions = [.. decisions ?? []];
        foreach (var decision in Decisions)
        {
            if (!_decisions.TryGetValue(decision.Path, out var queue)) _decisions[decision.Path] = queue = new Queue<RecordedDecision>();
            queue.Enqueue(decision);
        }
        _calls = [.. calls];
        _index = new Lazy<Index>(() => new Index(_calls));
        Waits = (waits ?? []).ToDictionary(wait => wait.Key, wait => wait.Value, StringComparer.Ordinal);
        _waits = Waits.ToDictionary(wait => wait.Key, wait => new Queue<long>(wait.Value), StringComparer.Ordinal);
    }

    public CassetteHead Head { get; }
    public MissingCall Missing { get; init; }
    public IReadOnlyList<RecordedCall> Calls => _calls;
    public IReadOnlyDictionary<string, IReadOnlyList<long>> Waits { get; }

    public IReadOnlyList<RecordedDecision> Decisions { get; }

    /// <summary>How the replayed run first left the recording, for people; null: it has not.</summary>
    public string? Drift => _drift;

    /// <summary>Recorded calls that were not asked for again.</summary>
    public int LeftCount
    {
        get
        {
            lock (_lock) return _index.Value.ByKey.Values.Sum(entries => entries.Count(entry => !entry.IsTaken && !entry.Call.NeverAnswered));
        }
    }

    /// <summary>Who answered for a model when it was recorded; null: it was not asked.</summary>
    public string? ProviderOf(string model) => _index.Value.Providers.GetValueOrDefault(model);

    /// <summary>The next recorded answer to this question.</summary>
    public bool TryTake(string path, StepCall asked, [NotNullWhen(true)] out RecordedCall? recorded)
    {
        lock (_lock)
        {
            var entry = _index.Value.ByKey.TryGetValue(asked.Key, out var alike)
                ? alike.Find(entry => !entry.IsTaken && entry.Call.Path == path) ?? alike.Find(entry => !entry.IsTaken)
                : null;
            if (entry is not null) entry.IsTaken = true;
            recorded = entry?.Call;
            return entry is not null && !entry.Call.IsLeftOut;
        }
    }

    /// <summary>When the next wait of that node ended; null: none is recorded.</summary>
    public long? TakeWait(string path)
    {
        lock (_lock) return _waits.TryGetValue(path, out var times) && times.TryDequeue(out var untilMs) ? untilMs : null;
    }

    /// <summary>What was decided of that node's next wait; null: it was not, or not of what is shown now.</summary>
    /// <param name="drift">How what is shown differs, where that ends the replay; null: it does not.</param>
    public RecordedDecision? TakeDecision(string path, WaitRequest asked, out string? drift)
    {
        drift = null;
        lock (_lock)
        {
            if (!_decisions.TryGetValue(path, out var queue) || !queue.TryDequeue(out var decision)) return null;
            if (decision.PayloadSha256 == asked.PayloadSha256) return decision;
            if (Missing != MissingCall.Fail) return null;
            drift = $"Replay drift at node '{path}': what people are shown is not what was decided on in run '{Head.Run}' (payload {asked.PayloadSha256[..12]}…, recorded {decision.PayloadSha256[..12]}…). With --replay-missing call they are asked.";
            _drift ??= drift;
            return null;
        }
    }

    /// <summary>Says how a question that is not recorded differs from the one that most likely stood in its place.</summary>
    public string Explain(string path, StepCall asked, Value messages)
    {
        lock (_lock)
        {
            _index.Value.ByPath.TryGetValue(path, out var own);
            var nearest = own?.Find(entry => !entry.IsTaken) ?? own?.LastOrDefault();
            var text = DriftText.Of(Head.Run, path, asked, messages, nearest?.Call, isUsedUp: own is not null && own.TrueForAll(entry => entry.IsTaken));
            _drift ??= text;
            return text;
        }
    }

    private sealed class Index
    {
        public Index(List<RecordedCall> calls)
        {
            foreach (var call in calls)
            {
                var entry = new Entry(call);
                ListOf(ByKey, call.Call.Key).Add(entry);
                ListOf(ByPath, call.Path).Add(entry);
                if (call.Call.Kind == StepKind.Model) Providers[call.Call.Name] = call.Call.Provider;
            }
        }

        public Dictionary<string, List<Entry>> ByKey { get; } = new(StringComparer.Ordinal);
        public Dictionary<string, List<Entry>> ByPath { get; } = new(StringComparer.Ordinal);
        public Dictionary<string, string> Providers { get; } = new(StringComparer.Ordinal);

        private static List<Entry> ListOf(Dictionary<string, List<Entry>> lists, string key)
        {
            if (!lists.TryGetValue(key, out var list)) lists[key] = list = [];
            return list;
        }
    }

    private sealed class Entry(RecordedCall call)
    {
        public RecordedCall Call { get; } = call;
        public bool IsTaken { get; set; }
    }
}
