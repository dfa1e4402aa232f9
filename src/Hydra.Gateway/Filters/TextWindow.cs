using System.Text;
using Hydra.Gateway.Pipeline;

namespace Hydra.Gateway.Filters;

/// <summary>What is done where something is found.</summary>
internal enum FilterAction { Label, Redact, Ask, Block }

/// <summary>What is looked for, and what is done about it.</summary>
internal sealed record FilterRule(string Kind, IDetector Detector, FilterAction Action);

/// <summary>
/// Filters a text that comes in pieces as if it came whole: the last <see cref="HoldBack"/> characters wait, and so does anything
/// found that could still grow. One call owns it.
/// </summary>
internal sealed class TextWindow(IReadOnlyList<FilterRule> rules, ISet<string> labels)
{
    /// <summary>Characters that wait: no rule needs more to find the beginning of what it looks for.</summary>
    public const int HoldBack = 256;
    /// <summary>Something found that grows beyond this is refused: letting it go on would show its end.</summary>
    public const int HeldMax = 16_384;
    /// <summary>Characters that must follow before something found is known to have ended.</summary>
    private const int LookAhead = 2;

    private readonly List<Finding> _found = [];
    private string _text = "";
    private int _passed;

    /// <summary>Takes the next piece and gives what may pass.</summary>
    /// <param name="isLast">Whether nothing follows: then nothing waits.</param>
    /// <exception cref="GatewayRefusedException">A rule blocks or asks.</exception>
    public string Pass(string more, bool isLast)
    {
        _text += more;
        if (_text.Length == _passed) return "";
        var limit = isLast ? _text.Length : Math.Max(_passed, _text.Length - HoldBack);
        if (limit > 0 && limit < _text.Length && char.IsHighSurrogate(_text[limit - 1])) limit = Math.Max(_passed, limit - 1);
        var passing = new StringBuilder();
        var at = _passed;
        foreach (var (finding, rule) in Find())
        {
            var isOpen = !isLast && finding.End + LookAhead > _text.Length;
            if (rule.Action == FilterAction.Label)
            {
                if (!isOpen) labels.Add(finding.Kind);
                continue;
            }
            if (finding.End <= at) continue;
            var start = Math.Max(at, finding.Start);
            if (start >= limit) break;
            if (isOpen)
            {
                limit = start;
                break;
            }
            Act(finding, rule);
            passing.Append(_text, at, start - at).Append(MarkOf(finding.Kind));
            labels.Add(finding.Kind);
            at = finding.End;
            limit = Math.Max(limit, at);
        }
        passing.Append(_text, at, limit - at);
        _passed = limit;
        if (_text.Length - _passed > HeldMax) throw Refuse("A filter found something that does not end", "secrets");
        Forget();
        return passing.ToString();
    }

    /// <summary>What stands where something was redacted.</summary>
    public static string MarkOf(string kind) => $"[redacted:{kind}]";

    /// <summary>A text that is whole from the start.</summary>
    public static string Filter(string text, IReadOnlyList<FilterRule> rules, ISet<string> labels) => text.Length == 0 ? text : new TextWindow(rules, labels).Pass(text, isLast: true);

    private List<(Finding Finding, FilterRule Rule)> Find()
    {
        var all = new List<(Finding Finding, FilterRule Rule)>();
        foreach (var rule in rules)
        {
            _found.Clear();
            rule.Detector.Find(_text, _found);
            foreach (var finding in _found) all.Add((finding, rule));
        }
        // Of two at one place the stricter acts, then the longer.
        all.Sort((left, right) => left.Finding.Start != right.Finding.Start ? left.Finding.Start.CompareTo(right.Finding.Start)
            : left.Rule.Action != right.Rule.Action ? right.Rule.Action.CompareTo(left.Rule.Action) : right.Finding.Length.CompareTo(left.Finding.Length));
        return all;
    }

    private static void Act(Finding finding, FilterRule rule)
    {
        if (rule.Action == FilterAction.Block) throw Refuse($"A content filter found {finding.Kind}", rule.Kind);
        if (rule.Action == FilterAction.Ask)
        {
            throw new GatewayRefusedException(RefusalKind.ApprovalRequired, $"A content filter found {finding.Kind}, and somebody must approve it first. This gateway cannot ask anybody yet: take it out, or have the operator change the filter's action.") { Scope = $"filter:{rule.Kind}" };
        }
    }

    private static GatewayRefusedException Refuse(string what, string kind) => new(RefusalKind.Filtered, $"{what}. Take it out, or have the operator change the filter's action.") { Scope = $"filter:{kind}" };

    /// <summary>Keeps as much of what has passed as rules look behind.</summary>
    private void Forget()
    {
        var gone = _passed - HoldBack;
        if (gone <= HoldBack) return;
        _text = _text[gone..];
        _passed -= gone;
    }
}
