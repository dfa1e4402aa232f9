using System.Text;

namespace Hydra.Cli;

/// <summary>Rows of columns as plain text: the same on every screen and in every pipe.</summary>
internal sealed class TextTable(params string[] headers)
{
    private readonly List<string[]> _rows = [headers];

    /// <summary>Columns whose cells are set to the right: numbers.</summary>
    public IReadOnlyCollection<int> Right { get; init; } = [];
    public string Indent { get; init; } = "";

    public void Add(params string[] cells) => _rows.Add(cells);

    public override string ToString()
    {
        var widths = new int[headers.Length];
        foreach (var row in _rows)
        {
            for (var i = 0; i < row.Length; i++) widths[i] = Math.Max(widths[i], row[i].Length);
        }
        var text = new StringBuilder();
        foreach (var row in _rows)
        {
            var line = new StringBuilder(Indent);
            for (var i = 0; i < row.Length; i++)
            {
                if (i > 0) line.Append("  ");
                line.Append(Right.Contains(i) ? row[i].PadLeft(widths[i]) : row[i].PadRight(widths[i]));
            }
            if (text.Length > 0) text.Append('\n');
            text.Append(line.ToString().TrimEnd());
        }
        return text.ToString();
    }
}
