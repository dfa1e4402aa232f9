using System.Globalization;
using System.Net;
using System.Text;
using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>A recap as one HTML page with its charts drawn in place: no script, nothing loaded from elsewhere.</summary>
public static class RecapHtml
{
    private const int Width = 900, RowHeight = 22, LabelWidth = 220, TasksShown = 200;

    public static string Of(Recap recap, string? prose = null)
    {
        var page = new StringBuilder("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
        page.Append($"<title>Recap: {Text(recap.Workflow)}</title><style>body{{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em}}table{{border-collapse:collapse}}td,th{{padding:2px 10px;border-bottom:1px solid #ccc;text-align:left}}td.n{{text-align:right}}svg{{max-width:100%;height:auto}}blockquote{{border-left:3px solid #999;margin-left:0;padding-left:1em}}</style></head><body>\n");
        page.Append($"<h1>Recap: {Text(recap.Workflow)}</h1>\n<p>Run <code>{Text(recap.Run)}</code>, {WireNames.Of(recap.Status)}: {Text(recap.Reason)}</p>\n");
        if (prose is not null) page.Append($"<blockquote>{Text(prose)}<br><small>Written by a model; the figures are computed from the run's events.</small></blockquote>\n");
        page.Append($"<p>{recap.Tasks.Count} tasks, {recap.Count(NodeStatus.Completed)} completed, in {RecapMarkdown.Time(recap.MakespanMs)}; {(recap.Peak > 1 ? $"{Number(recap.SpeedUp)} times faster than one after another, {Number(recap.Efficiency * 100)} % of {recap.Peak} at once" : "one after another")}; {RecapMarkdown.Usd(recap.Spent.Usd)}{recap.Spent.UnpricedText}, {recap.Spent.Tokens.Total} tokens.</p>\n");
        page.Append("<h2>When what ran</h2>\n").Append(Timeline(recap));
        if (recap.Tasks.Any(task => task.EstimateMs > 0)) page.Append("<h2>Estimated and actual</h2>\n").Append(Estimates(recap));
        page.Append("<h2>Cost by agent</h2>\n").Append(Bars(recap.Agents)).Append("<h2>Cost by model</h2>\n").Append(Bars(recap.Models));
        page.Append("<h2>Tasks</h2>\n<table><tr><th>task<th>agent<th>status<th>estimate<th>took<th>attempts<th>cost</tr>\n");
        foreach (var task in recap.Tasks)
            page.Append($"<tr><td>{Text(task.Path)}<td>{Text(task.Agent)}<td>{WireNames.Of(task.Status)}<td class=n>{(task.EstimateMs is { } expected ? RecapMarkdown.Time(expected) : "")}<td class=n>{(task.TookMs is { } took ? RecapMarkdown.Time(took) : "")}<td class=n>{task.Attempts}<td class=n>{RecapMarkdown.Usd(task.Spent.Usd)}</tr>\n");
        page.Append("</table>\n");
        foreach (var (heading, facts) in new[] { ("Decisions", recap.Decisions), ("Learnings", recap.Learnings), ("Blockers", recap.Blockers) })
            page.Append($"<h2>{heading}</h2>\n").Append(facts.Count == 0 ? "<p>None.</p>\n" : $"<ul>{string.Concat(facts.Select(fact => $"<li>{(fact.Where.Length > 0 ? $"<b>{Text(fact.Where)}</b>: " : "")}{Text(fact.What)}</li>\n"))}</ul>\n");
        return page.Append("</body></html>\n").ToString();
    }

    private static string Timeline(Recap recap)
    {
        var shown = recap.Tasks.Where(task => task is { StartedMs: not null, TookMs: not null }).OrderBy(task => task.StartedMs).Take(TasksShown).ToList();
        return Chart(shown.Count, (svg, i) =>
        {
            var task = shown[i];
            var scale = (Width - LabelWidth - 10) / Math.Max(recap.MakespanMs, 1);
            Label(svg, i, task.Path);
            Bar(svg, i, LabelWidth + (task.StartedMs!.Value * scale), task.TookMs!.Value * scale, task.Status is NodeStatus.Failed ? "#c0392b" : recap.CriticalPath.Contains(task.Path) ? "#d68910" : "#2e86c1", $"{task.Path}: {RecapMarkdown.Time(task.TookMs.Value)}");
        }) + "<p><small>Orange: the critical path. Red: failed.</small></p>\n";
    }

    private static string Estimates(Recap recap)
    {
        var shown = recap.Tasks.Where(task => task is { EstimateMs: > 0, TookMs: not null }).Take(TasksShown).ToList();
        var most = shown.Count == 0 ? 1 : shown.Max(task => Math.Max(task.EstimateMs!.Value, task.TookMs!.Value));
        return Chart(shown.Count, (svg, i) =>
        {
            var scale = (Width - LabelWidth - 10) / Math.Max(most, 1);
            Label(svg, i, shown[i].Path);
            Bar(svg, i, LabelWidth, shown[i].EstimateMs!.Value * scale, "#d5d8dc", $"estimate {RecapMarkdown.Time(shown[i].EstimateMs!.Value)}");
            svg.Append($"<rect x=\"{LabelWidth}\" y=\"{(i * RowHeight) + 8}\" width=\"{Number(Math.Max(shown[i].TookMs!.Value * scale, 1))}\" height=\"6\" fill=\"#2e86c1\"><title>took {RecapMarkdown.Time(shown[i].TookMs!.Value)}</title></rect>");
        }) + "<p><small>Grey: estimated. Blue: taken.</small></p>\n";
    }

    /// <summary>By cost, or by tokens where nothing cost anything.</summary>
    private static string Bars(IReadOnlyList<RecapShare> shares)
    {
        var isFree = shares.All(share => share.Cost.Amount == 0);
        var most = Math.Max(1, shares.Select(share => isFree ? share.Tokens : share.Cost.Amount).DefaultIfEmpty(1).Max());
        return Chart(shares.Count, (svg, i) =>
        {
            Label(svg, i, shares[i].Name);
            Bar(svg, i, LabelWidth, (isFree ? shares[i].Tokens : shares[i].Cost.Amount) * (Width - LabelWidth - 150.0) / most, "#2e86c1", shares[i].Name);
            svg.Append($"<text x=\"{Width - 140}\" y=\"{(i * RowHeight) + 15}\">{RecapMarkdown.Usd(shares[i].Cost)}, {shares[i].Tokens} tokens</text>");
        });
    }

    private static string Chart(int rows, Action<StringBuilder, int> row)
    {
        if (rows == 0) return "<p>Nothing.</p>\n";
        var svg = new StringBuilder($"<svg viewBox=\"0 0 {Width} {(rows * RowHeight) + 4}\" width=\"{Width}\" role=\"img\" font-family=\"system-ui,sans-serif\" font-size=\"12\">");
        for (var i = 0; i < rows; i++) row(svg, i);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Label(StringBuilder svg, int row, string text) => svg.Append($"<text x=\"0\" y=\"{(row * RowHeight) + 15}\">{Text(text.Length > 32 ? text[..31] + "…" : text)}</text>");
    private static void Bar(StringBuilder svg, int row, double x, double width, string colour, string title) =>
        svg.Append($"<rect x=\"{Number(x)}\" y=\"{(row * RowHeight) + 3}\" width=\"{Number(Math.Max(width, 1))}\" height=\"{RowHeight - 6}\" fill=\"{colour}\"><title>{Text(title)}</title></rect>");

    private static string Number(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);
    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
