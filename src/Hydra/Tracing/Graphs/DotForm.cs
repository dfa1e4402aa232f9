using System.Text;

namespace Hydra.Tracing;

/// <summary>Graphviz text. Every id is the node's path as a quoted string, so nothing in it can be a keyword or markup.</summary>
internal sealed class DotForm
{
    private readonly StringBuilder _text = new();
    private int _bodies;

    public static string Of(GraphModel graph) => new DotForm().Write(graph);

    private string Write(GraphModel graph)
    {
        _text.Append($"digraph {Quote(graph.Name)} {{\n");
        _text.Append("  rankdir=TB;\n  compound=true;\n  graph [fontname=\"sans-serif\", color=\"#9ca3af\"];\n");
        _text.Append($"  node [shape=box, style=\"rounded,filled\", fillcolor=\"#f9fafb\", color=\"#6b7280\", fontcolor=\"{StatusColours.Text}\", fontname=\"sans-serif\"];\n");
        _text.Append("  edge [color=\"#6b7280\"];\n");
        foreach (var wave in graph.Top.Waves())
        {
            _text.Append($"  subgraph cluster_wave_{wave.Key + 1} {{\n    label=\"wave {wave.Key + 1}\";\n    style=dashed;\n");
            foreach (var node in wave) Node(node, "    ");
            _text.Append("  }\n");
        }
        Edges(graph.Top);
        return _text.Append("}\n").ToString();
    }

    private void Node(GraphNode node, string indent)
    {
        var label = node.Id + "\n" + node.TypeLabel + (node.StatusLabel is { } state ? "\n" + state : "");
        _text.Append($"{indent}{Quote(node.Path)} [label={Quote(label)}");
        if (node.Node.Composite is not null) _text.Append(", shape=box3d");
        if (node.States is not null)
        {
            var (fill, stroke) = StatusColours.Of(node.Status);
            _text.Append($", fillcolor=\"{fill}\", color=\"{stroke}\"");
        }
        _text.Append("];\n");
        foreach (var body in node.Bodies)
        {
            _text.Append($"{indent}subgraph cluster_body_{++_bodies} {{\n{indent}  label={Quote($"{node.Id}: {body.Plan.Fragment}")};\n{indent}  style=solid;\n");
            foreach (var inner in body.Nodes) Node(inner, indent + "  ");
            _text.Append(indent).Append("}\n");
        }
    }

    private void Edges(GraphLevel level)
    {
        foreach (var (from, to) in level.Edges()) _text.Append($"  {Quote(from.Path)} -> {Quote(to.Path)};\n");
        foreach (var node in level.Nodes)
        {
            foreach (var body in node.Bodies)
            {
                // What opens what is no dependency: a dotted line to where the body begins.
                foreach (var root in body.Plan.Roots) _text.Append($"  {Quote(node.Path)} -> {Quote(body.Nodes[root].Path)} [style=dotted, arrowhead=none];\n");
                Edges(body);
            }
        }
    }

    private static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (c == '\n') quoted.Append("\\n");
            else quoted.Append(char.IsControl(c) ? ' ' : c);
        }
        return quoted.Append('"').ToString();
    }
}
