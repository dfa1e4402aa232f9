using Hydra.Model;

namespace Hydra.Tracing;

public enum LineageKind
{
    /// <summary>A node instance and its output.</summary>
    Node,
    /// <summary>A model or tool call, with request and response.</summary>
    Call,
    /// <summary>An input of the run.</summary>
    Input,
    /// <summary>Names that a composite bound for what it opened.</summary>
    Bindings,
    /// <summary>The walk ended here, at one of its limits.</summary>
    More,
}

/// <summary>
/// Where an output comes from: the tree of everything it was made of, down to the run's inputs. What comes up twice is
/// walked once; later mentions are marked.
/// </summary>
public sealed class Lineage
{
    /// <summary>Entries of one lineage; what lies beyond is left out and says so.</summary>
    public const int EntriesMax = 10_000;
    /// <summary>Longest way from the output back.</summary>
    public const int DepthMax = 200;

    internal Lineage(LineageEntry root) => Root = root;

    public LineageEntry Root { get; }

    /// <summary>Walks back from the node at <paramref name="path"/>; null when the run has no such node.</summary>
    public static Lineage? Of(Plan plan, IEnumerable<Frame> frames, string path) => Of(RunTrace.Of(plan, frames), path);

    /// <inheritdoc cref="Of(Plan, IEnumerable{Frame}, string)"/>
    public static Lineage? Of(RunTrace trace, string path) =>
        trace.Find(path) is { } node ? new Lineage(new LineageWalk(trace).From(node)) : null;

    /// <summary>The lineage as an indented tree.</summary>
    public override string ToString()
    {
        using var text = new StringWriter();
        Write(text, Root, "");
        return text.ToString();
    }

    private static void Write(TextWriter text, LineageEntry entry, string indent)
    {
        text.Write($"{indent}{(entry.Relation.Length == 0 ? "" : entry.Relation + " ")}{entry.Name}{(entry.Detail.Length == 0 ? "" : " " + entry.Detail)}");
        if (entry.Request is { } request) text.Write($", asked {TraceText.Of(request)}");
        if (entry.Value is { } value) text.Write($" → {TraceText.Of(value)}");
        text.Write(entry.IsRepeat ? " (see above)\n" : "\n");
        foreach (var source in entry.From) Write(text, source, indent + "  ");
    }

    /// <summary>The lineage as data, for <c>--json</c>.</summary>
    public Value ToValue() => Of(Root);

    private static Value Of(LineageEntry entry)
    {
        var map = new ValueMap.Builder();
        map["kind"] = WireNames.Of(entry.Kind);
        map["name"] = entry.Name;
        if (entry.Relation.Length > 0) map["relation"] = entry.Relation;
        if (entry.Detail.Length > 0) map["detail"] = entry.Detail;
        if (entry.Request is { } request) map["request"] = Reference(request);
        if (entry.Value is { } value) map["value"] = Reference(value);
        if (entry.IsRepeat) map["repeat"] = true;
        if (entry.From.Count > 0) map["from"] = Value.Of(entry.From.Select(Of));
        return map.Build();
    }

    private static Value Reference(ValueRef reference) => reference.Artifact is { } artifact
        ? ValueMap.Of(("sha256", artifact.Hex), ("bytes", reference.Bytes))
        : ValueMap.Of(("inline", true), ("kind", WireNames.Of(reference.Inline.Kind)));
}

/// <summary>One thing that an output was made of.</summary>
/// <param name="Name">Path, model, tool or input.</param>
/// <param name="Relation">What it is to the entry above: <c>reads</c>, <c>after</c>, <c>asked</c>, <c>item of</c>, <c>round</c>, …; empty at the root.</param>
public sealed record LineageEntry(LineageKind Kind, string Name, string Relation)
{
    /// <summary>Status of a node, provider and cost of a call.</summary>
    public string Detail { get; init; } = "";
    public ValueRef? Request { get; init; }
    /// <summary>Output, response or bound value.</summary>
    public ValueRef? Value { get; init; }
    /// <summary>Its own sources stand where it was met first.</summary>
    public bool IsRepeat { get; init; }
    public IReadOnlyList<LineageEntry> From { get; init; } = [];
}
