using Hydra.Model;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Hydra.Parsing;

/// <summary>Rules of layout that the YAML library lets pass: tabs that stand for indentation, malformed directives.</summary>
internal static class YamlLayout
{
    /// <summary>A block list or map may not be led in by a tab: editors disagree on its width.</summary>
    public static void CheckBlockStart(YamlText text, Mark start)
    {
        var line = text.Text.AsSpan(0, (int)start.Index);
        for (var i = line.Length - 1; i >= 0 && line[i] is ' ' or '\t'; i--)
        {
            if (line[i] == '\t') throw Tab(text, i);
        }
    }

    /// <summary>Lines that go on with a scalar or a bracket must be indented by spaces beyond the block around them.</summary>
    public static void CheckContinuation(YamlText text, Mark start, Mark end, int blockColumn)
    {
        if (blockColumn < 1) return;
        var first = text.PlaceOf(start.Index).Line;
        var last = text.PlaceOf(Math.Min(end.Index, text.Text.Length)).Line;
        for (var number = first + 1; number <= last; number++)
        {
            var line = text.Line(number);
            if (line.IsWhiteSpace()) continue;
            var tab = line.IndexOfAnyExcept(' ');
            if (tab < blockColumn && line[tab] == '\t') throw Tab(text, text.IndexOf(number) + tab);
        }
    }

    /// <summary><c>%YAML 1.2</c> and <c>%TAG</c> end with the line or a comment set off by a blank.</summary>
    public static void CheckDirectives(YamlText text)
    {
        for (var number = 1; number <= text.LineCount; number++)
        {
            var line = text.Line(number);
            if (line.IsWhiteSpace() || line[0] == '#') continue;
            if (line[0] != '%') return;
            if (!line.StartsWith("%YAML")) continue;
            var hash = line.IndexOf('#');
            if (hash > 0 && line[hash - 1] is not (' ' or '\t'))
            {
                throw new YamlProblemException(ProblemCodes.BadYaml, new(number, hash + 1),
                    $"the directive '{line}' is not valid YAML. Write '%YAML 1.2', or leave the line out.");
            }
        }
    }

    public const string TabMessage = "a tab stands where YAML wants spaces. Indent with spaces instead of tabs.";

    /// <summary>A tab among the blanks that begin this line or the next: most likely why the library gave up.</summary>
    public static SourcePosition? LeadingTab(YamlText text, int line)
    {
        for (var number = line; number <= Math.Min(line + 1, text.LineCount); number++)
        {
            var blanks = text.Line(number);
            var end = blanks.IndexOfAnyExcept(' ', '\t');
            var tab = (end < 0 ? blanks : blanks[..end]).IndexOf('\t');
            if (tab >= 0 && end > 0) return new(number, tab + 1);
        }
        return null;
    }

    private static YamlProblemException Tab(YamlText text, int index) => new(ProblemCodes.TabIndent, text.PlaceOf(index), TabMessage);
}
