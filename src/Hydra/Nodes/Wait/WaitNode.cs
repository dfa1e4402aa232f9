using System.Globalization;
using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Waits for a time, durably: the run may stop and go on meanwhile.</summary>
public sealed partial class WaitNode : INodeType
{
    public string Name => "wait";
    public string Description => "Waits for a number of seconds, until a time, or for an event; a restart does not lose the wait.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("seconds", new Shape.OneOf(new Shape.Number(0, CommonFields.SecondsMax), new Shape.Template()), "How long to wait, in seconds; a number or a template."),
        new("until", new Shape.Template(), "When to go on: a time in ISO 8601 (2026-01-31T12:00:00Z), or a template."),
        new("for_event", new Shape.Text(), "The event that `hydra signal` sends.") { NotSupportedYet = "waiting for an event is not supported yet: use `seconds` or `until`" },
    ];

    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public void Check(NodeSpec node, CheckContext context)
    {
        var seconds = node.Fields.ContainsKey("seconds");
        var hasUntil = node.Fields.TryGetValue("until", out var until);
        var awaited = node.Places is { } places && places.ContainsKey("for_event");
        if (seconds && hasUntil)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("until"), $"node '{node.Id}' has both `seconds` and `until`. Keep one of them.");
        else if (!seconds && !hasUntil && !awaited)
            context.Problems.Error(ProblemCodes.FieldConflict, node.At, $"node '{node.Id}' does not say what it waits for. Add `seconds: 60` or `until: 2026-01-31T12:00:00Z`.");
        if (hasUntil && !until.AsText.Contains("{{", StringComparison.Ordinal)
            && !DateTimeOffset.TryParse(until.AsText, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _))
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("until"), $"node '{node.Id}' waits until '{until.AsText}', which is no time. Write it like 2026-01-31T12:00:00Z.");
    }
}
