using System.Text;

namespace Hydra.Changes;

/// <summary>Two texts as a unified diff of lines, with some lines around each difference and bounded in size.</summary>
public static class TextDiff
{
    /// <summary>Lines compared of each text; what is beyond is only counted.</summary>
    private const int LinesMax = 2_000;
    /// <summary>Lines of a diff.</summary>
    private const int OutputLinesMax = 60;
    /// <summary>Characters of a line.</summary>
    private const int LineLengthMax = 240;
    private const int Context = 2;

    /// <summary>Empty when the texts are the same.</summary>
    public static string Of(string before, string after)
    {
        if (before == after) return "";
        var (old, young) = (Lines(before), Lines(after));
        var marked = Mark(old, young);
        var text = new StringBuilder();
        var written = 0;
        var last = -1;
        for (var i = 0; i < marked.Count; i++)
        {
            if (!IsNear(marked, i)) continue;
            if (written == OutputLinesMax)
            {
                text.Append($"… and {marked.Skip(i).Count(line => line.Mark != ' ')} more lines differ\n");
                break;
            }
            if (last >= 0 && last != i - 1) text.Append("  …\n");
            text.Append(marked[i].Mark).Append(' ').Append(Clip(marked[i].Line)).Append('\n');
            written++;
            last = i;
        }
        if (before.Length > 0 && written == 0) text.Append("  (the texts differ beyond what is compared, or in white space at their ends)\n");
        return text.ToString();
    }

    private static List<string> Lines(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n').ToList();
        if (lines.Count <= LinesMax) return lines;
        var left = lines.Count - LinesMax;
        lines.RemoveRange(LinesMax, left);
        lines.Add($"({left} lines more)");
        return lines;
    }

    private static string Clip(string line) => line.Length <= LineLengthMax ? line : $"{line[..LineLengthMax]}… ({line.Length} characters)";

    private static bool IsNear(List<(char Mark, string Line)> marked, int at)
    {
        for (var i = Math.Max(0, at - Context); i <= Math.Min(marked.Count - 1, at + Context); i++)
        {
            if (marked[i].Mark != ' ') return true;
        }
        return false;
    }

    /// <summary>Every line with <c>-</c>, <c>+</c> or a blank: by the longest common subsequence.</summary>
    private static List<(char Mark, string Line)> Mark(List<string> old, List<string> young)
    {
        var common = new ushort[old.Count + 1, young.Count + 1];
        for (var i = old.Count - 1; i >= 0; i--)
        {
            for (var j = young.Count - 1; j >= 0; j--)
                common[i, j] = old[i] == young[j] ? (ushort)(common[i + 1, j + 1] + 1) : Math.Max(common[i + 1, j], common[i, j + 1]);
        }
        var marked = new List<(char, string)>();
        var (a, b) = (0, 0);
        while (a < old.Count || b < young.Count)
        {
            if (a < old.Count && b < young.Count && old[a] == young[b]) 
            {
                marked.Add((' ', old[a++]));
                b++;
            }
            else if (b == young.Count || (a < old.Count && common[a + 1, b] >= common[a, b + 1])) marked.Add(('-', old[a++]));
            else marked.Add(('+', young[b++]));
        }
        return marked;
    }
}
