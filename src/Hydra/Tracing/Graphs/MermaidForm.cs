using System.Text;
using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>Mermaid flowchart text. Ids are made safe for Mermaid's grammar; what a reader sees stands in quoted labels.</summary>
internal sealed class MermaidForm
{
    /// <summary>Words that Mermaid's grammar takes for itself where an id may stand, in lower case.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "end", "graph", "flowchart", "subgraph", "style", "class", "classdef", "click", "default", "direction", "linkstyle", "href", "call",
        "interpolate", "lr", "rl", "tb", "bt", "td", "br", "o", "x", "v", "acctitle", "accdescr", "title", "constructor", "__proto__",
    };

    private readonly StringBuilder _text = new();
    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<NodeStatus> _used = [];

    public static string Of(GraphModel graph) => new MermaidForm().Write(graph);

    private string Write(GraphModel graph)
    {
        _text.Append("flowchart TD\n");
        // Plain ids keep their own name; the others give way to them.
        foreach (var node in graph.AllNodes().Where(node => IsPlain(node.Path))) Take(node.Path, node.Path);
        foreach (var wave in graph.Top.Waves())
        {
            _text.Append($"  subgraph {IdOf($"wave {wave.Key + 1}")} [\"wave {wave.Key + 1}\"]\n");
            foreach (var node in wave) Node(node, "    ");
            _text.Append("  end\n");
        }
        Edges(graph.Top);
        foreach (var status in _used.Order())
        {
            var (fill, stroke) = StatusColours.Of(status);
            _text.Append($"  classDef {ClassOf(status)} fill:{fill},stroke:{stroke},color:{StatusColours.Text}\n");
        }
        return _text.ToString();
    }

    private void Node(GraphNode node, string indent)
    {
        var label = Escape(node.Id) + "<br/>" + Escape(node.TypeLabel) + (node.StatusLabel is { } state ? "<br/>" + Escape(state) : "");
        var (open, close) = node.Node.Composite is null ? ("[", "]") : ("[[", "]]");
        _text.Append($"{indent}{IdOf(node.Path)}{open}\"{label}\"{close}");
        if (node.Status is { } status)
        {
            _used.Add(status);
            _text.Append(":::").Append(ClassOf(status));
        }
        _text.Append('\n');
        foreach (var body in node.Bodies)
        {
            _text.Append($"{indent}subgraph {IdOf($"{node.Path} {body.Plan.Fragment}")} [\"{Escape(node.Id)}: {Escape(body.Plan.Fragment)}\"]\n");
            foreach (var inner in body.Nodes) Node(inner, indent + "  ");
            _text.Append(indent).Append("end\n");
        }
    }

    private void Edges(GraphLevel level)
    {
        foreach (var (from, to) in level.Edges()) _text.Append($"  {IdOf(from.Path)} --> {IdOf(to.Path)}\n");
        foreach (var node in level.Nodes)
        {
            foreach (var body in node.Bodies)
            {
                // What opens what is no dependency: a dotted line to where the body begins.
                foreach (var root in body.Plan.Roots) _text.Append($"  {IdOf(node.Path)} -.-> {IdOf(body.Nodes[root].Path)}\n");
                Edges(body);
            }
        }
    }

    private static string ClassOf(NodeStatus status) => "is_" + WireNames.Of(status);

    private static bool IsPlain(string path) =>
        path.Length > 0 && char.IsAsciiLetter(path[0]) && !Reserved.Contains(path) && path.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private string IdOf(string path)
    {
        if (_ids.TryGetValue(path, out var known)) return known;
        var safe = new StringBuilder(path.Length + 2);
        foreach (var c in path) safe.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        if (!char.IsAsciiLetter(safe[0])) safe.Insert(0, 'n');
        if (Reserved.Contains(safe.ToString())) safe.Append('_');
        return Take(path, safe.ToString());
    }

    private string Take(string path, string wanted)
    {
        var id = wanted;
        for (var n = 2; !_taken.Add(id); n++) id = $"{wanted}_{n}";
        return _ids[path] = id;
    }

    /// <summary>Everything that a quoted label could take for markup, as Mermaid's numeric entities.</summary>
    private static string Escape(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c is '"' or '#' or '<' or '>' or '&' or '`' or ';' or '\\' or '{' or '}' or '[' or ']' || char.IsControl(c)) safe.Append($"#{(int)c};");
            else safe.Append(c);
        }
        return safe.ToString();
    }
}
