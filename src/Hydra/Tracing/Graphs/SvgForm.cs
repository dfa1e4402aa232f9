using System.Text;
using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>
/// Draws a graph from left to right, wave by wave. Boxes bring their own light ground with dark text and everything else
/// is of a middle grey, so the picture reads on light and dark pages without a style sheet.
/// </summary>
internal sealed class SvgForm
{
    private const string Grey = "#7b8494";
    private const double Margin = 20, TitleHeight = 30, WaveHeight = 24, Padding = 12, LineHeight = 15, HeaderTop = 8;
    private const double BoldCharWidth = 8.3, CharWidth = 6.4, WidthMin = 96;
    private const int LabelCharsMax = 34;

    private readonly StringBuilder _text = new();

    public static string Of(GraphModel graph) => new SvgForm().Write(graph);

    private string Write(GraphModel graph)
    {
        var top = Measure(graph.Top);
        var title = graph.Run is { } run ? $"{graph.Name}: run {run.Run} {WireNames.Of(run.Status)}" : graph.Name;
        var width = Math.Max(top.Layout.Width, title.Length * BoldCharWidth) + (2 * Margin);
        var height = top.Layout.Height + TitleHeight + WaveHeight + (2 * Margin);
        _text.Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {N(width)} {N(height)}\" width=\"{N(width)}\" height=\"{N(height)}\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"11\">\n");
        _text.Append($"<title>{Escape(title)}</title>\n");
        _text.Append($"<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7.5\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0.5 L8 4 L0 7.5 Z\" fill=\"{Grey}\"/></marker></defs>\n");
        _text.Append($"<text x=\"{N(Margin)}\" y=\"{N(Margin + 10)}\" font-size=\"14\" font-weight=\"600\" fill=\"{Grey}\">{Escape(title)}</text>\n");
        Waves(top, height);
        Draw(top, Margin, Margin + TitleHeight + WaveHeight);
        return _text.Append("</svg>\n").ToString();
    }

    /// <summary>A graph with its place computed; its nodes' bodies inside them.</summary>
    private sealed record Level(GraphLevel Graph, LayeredLayout Layout, NodeBox[] Boxes);

    private sealed record NodeBox(GraphNode Node, string[] Lines, Level[] Bodies, double Width, double Height)
    {
        public double HeaderHeight => HeaderTop + (Lines.Length * LineHeight) + 5;
    }

    private static Level Measure(GraphLevel graph)
    {
        var boxes = graph.Nodes.Select(Measure).ToArray();
        var edges = new List<(int From, int To)>();
        for (var i = 0; i < boxes.Length; i++)
        {
            foreach (var parent in graph.Plan.ParentsOf(i)) edges.Add((parent, i));
        }
        return new Level(graph, new LayeredLayout([.. boxes.Select(box => (box.Width, box.Height, box.Node.Wave))], edges), boxes);
    }

    private static NodeBox Measure(GraphNode node)
    {
        string[] lines = node.StatusLabel is { } state ? [node.Id, node.TypeLabel, state] : [node.Id, node.TypeLabel];
        var bodies = node.Bodies.Select(Measure).ToArray();
        lines = [.. lines.Select(line => line.Length > LabelCharsMax ? line[..(LabelCharsMax - 1)] + "…" : line)];
        var text = Math.Max(lines[0].Length * BoldCharWidth, lines.Skip(1).Max(line => line.Length) * CharWidth);
        var width = Math.Max(WidthMin, text + (2 * Padding));
        var box = new NodeBox(node, lines, bodies, width, 0);
        var height = box.HeaderHeight;
        foreach (var body in bodies)
        {
            width = Math.Max(width, body.Layout.Width + (2 * Padding));
            height += body.Layout.Height + Padding + (bodies.Length > 1 ? LineHeight : 0);
        }
        return box with { Width = Math.Ceiling(width), Height = Math.Ceiling(height) };
    }

    /// <summary>A band behind each wave with its name.</summary>
    private void Waves(Level top, double height)
    {
        for (var wave = 0; wave < top.Layout.Layers.Count; wave++)
        {
            var cells = top.Layout.Layers[wave];
            var x = Margin + cells[0].X;
            var width = cells.Max(cell => cell.Width);
            _text.Append($"<rect x=\"{N(x - 10)}\" y=\"{N(Margin + TitleHeight - 8)}\" width=\"{N(width + 20)}\" height=\"{N(height - (2 * Margin) - TitleHeight + 20)}\" rx=\"8\" fill=\"{Grey}\" fill-opacity=\"0.08\"/>\n");
            _text.Append($"<text x=\"{N(x + (width / 2))}\" y=\"{N(Margin + TitleHeight + 7)}\" text-anchor=\"middle\" fill=\"{Grey}\">wave {wave + 1}</text>\n");
        }
    }

    private void Draw(Level level, double x, double y)
    {
        foreach (var chain in level.Layout.Chains) Edge(chain, x, y);
        for (var i = 0; i < level.Boxes.Length; i++) Draw(level.Boxes[i], x + level.Layout.Cells[i].X, y + level.Layout.Cells[i].Top);
    }

    /// <summary>Level through each layer that it passes, curved between them.</summary>
    private void Edge(LayeredLayout.Cell[] chain, double x, double y)
    {
        var from = chain[0];
        _text.Append($"<path d=\"M{N(x + from.X + from.Width)} {N(y + from.Middle)}");
        for (var i = 1; i < chain.Length; i++)
        {
            var start = chain[i - 1].X + chain[i - 1].Width;
            var half = (chain[i].X - start) / 2;
            _text.Append($" C{N(x + start + half)} {N(y + chain[i - 1].Middle)} {N(x + start + half)} {N(y + chain[i].Middle)} {N(x + chain[i].X)} {N(y + chain[i].Middle)}");
            if (chain[i].IsStandIn) _text.Append($" H{N(x + chain[i].X + chain[i].Width)}");
        }
        _text.Append($"\" fill=\"none\" stroke=\"{Grey}\" stroke-width=\"1.2\" marker-end=\"url(#arrow)\"/>\n");
    }

    private void Draw(NodeBox box, double x, double y)
    {
        var (fill, stroke) = StatusColours.Of(box.Node.Status);
        var isSkipped = box.Node.Status == NodeStatus.Skipped;
        _text.Append($"<g><title>{Escape(Tooltip(box.Node))}</title><rect x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(box.Width)}\" height=\"{N(box.Height)}\" rx=\"6\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"{(box.Node.Node.Composite is null ? "1.2" : "2.2")}\"{(isSkipped ? " stroke-dasharray=\"4 3\"" : "")}/>");
        for (var i = 0; i < box.Lines.Length; i++)
        {
            var weight = i == 0 ? " font-size=\"13\" font-weight=\"600\"" : "";
            var colour = i == 0 ? StatusColours.Text : "#4b5563";
            _text.Append($"<text x=\"{N(x + (box.Width / 2))}\" y=\"{N(y + HeaderTop + 11 + (i * LineHeight))}\" text-anchor=\"middle\" fill=\"{colour}\"{weight}>{Escape(box.Lines[i])}</text>");
        }
        _text.Append("</g>\n");
        var bodyY = y + box.HeaderHeight;
        foreach (var body in box.Bodies)
        {
            if (box.Bodies.Length > 1)
            {
                _text.Append($"<text x=\"{N(x + Padding)}\" y=\"{N(bodyY + 10)}\" fill=\"#4b5563\">{Escape(body.Graph.Plan.Fragment)}</text>\n");
                bodyY += LineHeight;
            }
            Draw(body, x + ((box.Width - body.Layout.Width) / 2), bodyY);
            bodyY += body.Layout.Height + Padding;
        }
    }

    private static string Tooltip(GraphNode node)
    {
        var model = node.Node.Spec.Fields.GetOrNull("model").TextOrNull;
        return $"{node.Path} ({node.TypeLabel}{(model is null ? "" : ", " + model)}){(node.StatusLabel is { } state ? ": " + state : "")}";
    }

    private static string N(double number) => Math.Round(number, 1).ToString("0.#");

    private static string Escape(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            safe.Append(rune.Value switch
            {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '"' => "&quot;",
                _ when Rune.IsControl(rune) || rune.Value is 0xFFFE or 0xFFFF => " ",
                _ => rune.ToString(),
            });
        }
        return safe.ToString();
    }
}
