using System.Globalization;
using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Waits for a time, durably: the run may stop and go on meanwhile.</summary>
public sealed partial class WaitNode : INodeType
{
    private const string EventPattern = "[A-Za-z0-9_.:-]{1,100}";

    public string Name => "wait";
    public string Description => "Waits for a number of seconds, until a time, or for an event; a restart does not lose the wait.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("seconds", new Shape.OneOf(new Shape.Number(0, CommonFields.SecondsMax), new Shape.Template()), "How long to wait, in seconds; a number or a template."),
        new("until", new Shape.Template(), "When to go on: a time in ISO 8601 (2026-01-31T12:00:00Z), or a template."),
        new("for_event", new Shape.Text(EventPattern), "The event that `hydra signal RUN EVENT [VALUE]` sends; the node's output is its value."),
        new("timeout_seconds", new Shape.Number(0.001, CommonFields.SecondsMax), "With `for_event`, seconds until the node fails because no such event came. Default: 604800 (7 days)."),
    ];

    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public void Check(NodeSpec node, CheckContext context)
    {
        var seconds = node.Fields.ContainsKey("seconds");
        var hasUntil = node.Fields.TryGetValue("until", out var until);
        var awaited = node.Fields.ContainsKey("for_event");
        if (awaited && (seconds || hasUntil))
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("for_event"), $"node '{node.Id}' waits for an event and for a time. Keep one of them; `timeout_seconds` bounds the wait for an event.");
        if (node.Fields.ContainsKey("timeout_seconds") && !awaited)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("timeout_seconds"), $"node '{node.Id}' has `timeout_seconds`, which bounds the wait for an event. Add `for_event`, or use `seconds`.");
        if (seconds && hasUntil)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("until"), $"node '{node.Id}' has both `seconds` and `until`. Keep one of them.");
        else if (!seconds && !hasUntil && !awaited)
            context.Problems.Error(ProblemCodes.FieldConflict, node.At, $"node '{node.Id}' does not say what it waits for. Add `seconds: 60`, `until: 2026-01-31T12:00:00Z` or `for_event: paid`.");
        if (hasUntil && !until.AsText.Contains("{{", StringComparison.Ordinal)
            && !DateTimeOffset.TryParse(until.AsText, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _))
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("until"), $"node '{node.Id}' waits until '{until.AsText}', which is no time. Write it like 2026-01-31T12:00:00Z.");
    }
}
