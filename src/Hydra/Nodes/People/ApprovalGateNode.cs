using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Holds its dependants until people have approved what they are shown.</summary>
public sealed partial class ApprovalGateNode : INodeType
{
    public string Name => "approval_gate";
    public string Description => "Waits until people approve what they are shown; a rejection fails or skips.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("prompt_to_human", new Shape.Template(), "What people are asked to decide.") { IsRequired = true },
        new("show", new Shape.ListOf(new Shape.NodeReference(), 100), "Nodes before the gate whose outputs are shown. Default: those it depends on."),
        new("timeout_seconds", new Shape.Number(0.001, CommonFields.SecondsMax), "Seconds until the wait ends by itself. Default: 604800 (7 days)."),
        new("remind_after_seconds", new Shape.Number(0.001, CommonFields.SecondsMax), "Seconds after which people are reminded, once. Default: never."),
        new("on_timeout", new Shape.Choice("reject", "approve", "escalate"), "What the end of the time means. Default: reject."),
        new("escalate_to", new Shape.Text(), "With `on_timeout: escalate`, who may decide, too, for the same time again; after that it is rejected."),
        new("approvers", new Shape.ListOf(new Shape.Text(), 1000), "Who may decide. Default: anybody."),
        new("quorum", new Shape.Integer(1, 1000), "Approvals by different people that are needed; one rejection decides. Default: 1."),
        new("on_reject", new Shape.OneOf(new Shape.Choice("fail", "skip"), new Shape.Record(
            [new Field("revise", new Shape.NodeReference(), "The node from which the work is done again, up to the gate.") { IsRequired = true }])),
            "What a rejection means: the gate fails (fail, the default), it and what needs it is skipped (skip), or {revise: node} does the work again with the comment."),
        new("max_revisions", new Shape.Integer(1, 100), "With `revise`, how often before a rejection fails the gate. Default: 3."),
    ];

    /// <summary>The wait has a deadline of its own; asking takes no time.</summary>
    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public bool TakesInputsUnnamed => true;

    private const int RevisionsByDefault = 3;

    public string? RevisesFrom(NodeSpec node) => node.Fields.GetOrNull("on_reject") is { IsObject: true } rejected ? rejected.AsObject.GetOrNull("revise").TextOrNull : null;

    public void Check(NodeSpec node, CheckContext context)
    {
        var fields = node.Fields;
        if (fields.GetOrNull("on_timeout").TextOrNull == "escalate" && !fields.ContainsKey("escalate_to"))
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("on_timeout"), $"node '{node.Id}' escalates on timeout, but does not say to whom. Add 'escalate_to: NAME'.");
        if (fields.ContainsKey("escalate_to") && fields.GetOrNull("on_timeout").TextOrNull != "escalate")
            context.Problems.Warning(ProblemCodes.FieldConflict, node.PlaceOf("escalate_to"), $"node '{node.Id}' has `escalate_to`, which only 'on_timeout: escalate' uses. Add that, or remove the line.");
        if (fields.TryGetValue("quorum", out var quorum) && fields.TryGetValue("approvers", out var approvers) && approvers.Items.Distinct().Count() < quorum.AsInteger)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("quorum"), $"node '{node.Id}' needs {quorum.AsInteger} approvals and names {approvers.Items.Distinct().Count()} approvers, so it could never be approved. Lower `quorum`, or name more `approvers`.");
        if (RevisesFrom(node) is null && fields.ContainsKey("max_revisions"))
            context.Problems.Warning(ProblemCodes.FieldConflict, node.PlaceOf("max_revisions"), $"node '{node.Id}' has `max_revisions`, which only 'on_reject: {{revise: node}}' uses. Remove the line.");
        if (fields.TryGetValue("remind_after_seconds", out var remind) && remind.AsNumber >= TimeoutOf(node).TotalSeconds)
            context.Problems.Warning(ProblemCodes.FieldConflict, node.PlaceOf("remind_after_seconds"), $"node '{node.Id}' reminds people after its time has ended, so never. Lower `remind_after_seconds`.");
    }

    private static TimeSpan TimeoutOf(NodeSpec node) => TimeSpan.FromSeconds(node.Fields.TryGetValue("timeout_seconds", out var seconds) ? seconds.AsNumber : 604_800);
}
