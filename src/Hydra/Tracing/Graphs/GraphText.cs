using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>
/// A plan as a graph for people and programs. Each form lists every node and every dependency exactly once and groups
/// nodes by wave; the bodies of composites stand in groups of their own. With a run, nodes carry their states. Equal
/// input gives equal text.
/// </summary>
public static class GraphText
{
    /// <summary>Nodes, bodies included, that <see cref="Svg"/> draws; more are refused.</summary>
    public const int SvgNodesMax = 2_000;

    /// <summary>A Mermaid flowchart.</summary>
    public static string Mermaid(Plan plan, RunTrace? run = null) => MermaidForm.Of(GraphModel.Of(plan, run));

    /// <summary>A Graphviz digraph.</summary>
    public static string Dot(Plan plan, RunTrace? run = null) => DotForm.Of(GraphModel.Of(plan, run));

    /// <summary>One JSON document: <c>nodes</c>, <c>edges</c>, <c>waves</c>; see docs/graphs.md.</summary>
    public static Value Json(Plan plan, RunTrace? run = null) => GraphJson.Of(GraphModel.Of(plan, run));

    /// <summary>A picture that needs nothing but itself and reads on light and dark pages. Throws <see cref="GraphTooLargeException"/>.</summary>
    public static string Svg(Plan plan, RunTrace? run = null)
    {
        var graph = GraphModel.Of(plan, run);
        return graph.NodeCount > SvgNodesMax ? throw new GraphTooLargeException(graph.NodeCount) : SvgForm.Of(graph);
    }
}

/// <summary>A graph that would make no readable picture; the message names the way out.</summary>
public sealed class GraphTooLargeException(int nodes) : Exception(
    $"The graph has {nodes:N0} nodes; an SVG is drawn for up to {GraphText.SvgNodesMax:N0}. Use --format dot with Graphviz (sfdp -Tsvg), --format mermaid, or --format json.");

/// <summary>Colours of states, the same in every form. Text on them is dark, so they read on light and dark pages.</summary>
internal static class StatusColours
{
    public const string Text = "#1f2937";

    public static (string Fill, string Stroke) Of(NodeStatus? status) => status switch
    {
        NodeStatus.Completed => ("#d1fae5", "#059669"),
        NodeStatus.Degraded => ("#fef3c7", "#d97706"),
        NodeStatus.Failed => ("#fee2e2", "#dc2626"),
        NodeStatus.BudgetExceeded => ("#ffe4e6", "#be123c"),
        NodeStatus.Cancelled => ("#f3e8ff", "#9333ea"),
        NodeStatus.Skipped => ("#e5e7eb", "#9ca3af"),
        NodeStatus.Running or NodeStatus.Open => ("#dbeafe", "#2563eb"),
        NodeStatus.Waiting => ("#e0f2fe", "#0284c7"),
        NodeStatus.Queued or NodeStatus.Deciding => ("#eef2ff", "#6366f1"),
        _ => ("#f9fafb", "#6b7280"),
    };
}
