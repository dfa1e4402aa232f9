using Hydra.Agents.Tools;
using Hydra.Model;

namespace Hydra.Agents.Memory;

/// <summary>A node's <c>memory</c>: whose notes it shares, and how long and how many are kept.</summary>
internal sealed record MemoryPlan(string Scope, bool Persists, TimeSpan? TimeToLive, int ItemsMax)
{
    public const string FieldName = "memory";
    private const int ItemsMaxDefault = 200;

    /// <summary>The tags of a run by which it says who it is for.</summary>
    private static readonly string[] TaggedScopes = ["user", "organisation"];

    /// <param name="field">The field as written, a scope or a record; null: no memory.</param>
    public static MemoryPlan? Of(Value field)
    {
        if (field.TextOrNull is { } scope) return new MemoryPlan(scope, scope != "run", null, ItemsMaxDefault);
        if (!field.IsObject) return null;
        var map = field.AsObject;
        var name = map["scope"].AsText;
        return new MemoryPlan(name,
            name != "run" && (map.GetOrNull("persist") is not { Kind: ValueKind.Boolean } persists || persists.AsBoolean),
            map.GetOrNull("ttl_seconds") is { IsNumeric: true } seconds ? TimeSpan.FromSeconds(seconds.AsNumber) : null,
            map.GetOrNull("max_items") is { Kind: ValueKind.Integer } items ? (int)items.AsInteger : ItemsMaxDefault);
    }

    /// <summary>The place that the agent's notes go to and come from.</summary>
    /// <param name="project">The run's own folder, also where the agent works in a tree of its own.</param>
    /// <exception cref="CallFailedException">The run does not say whose memory it may use.</exception>
    public MemoryPlace PlaceOf(NodeAttempt attempt, string agent, string project)
    {
        var folder = Path.GetFullPath(project);
        var owner = Scope switch
        {
            "run" => attempt.Run.Text,
            "agent" => agent.Length > 0 ? $"{agent} in {folder}" : throw Refused("and no agent answers the node, only a model. Name one with 'agent: …', or take another scope"),
            "project" => folder,
            _ => TagOf(attempt, Scope),
        };
        return new MemoryPlace(Scope, owner, Persists ? "" : attempt.Run.Text);
    }

    /// <summary>The two tools; notes go to <paramref name="place"/> and nowhere else.</summary>
    public IEnumerable<ITool> Tools(AgentMemory memory, MemoryPlace place, NodeAttempt attempt, string agent) =>
        [new RememberTool(this, memory, place, attempt, agent), new RecallTool(memory, place, attempt)];

    private string TagOf(NodeAttempt attempt, string name) =>
        TaggedScopes.Contains(name) && attempt.Scope.TryGet("run", out var run) && run.IsObject && run.AsObject.GetOrNull("tags") is { IsObject: true } tags && tags.AsObject.GetOrNull(name).TextOrNull is { Length: > 0 } said
            ? said
            : throw Refused($"and the run does not say which {name} it is for. Give it '--tag {name}=NAME', or write it under `tags`");

    private CallFailedException Refused(string why) => new(ErrorCode.BadRequest, $"`memory` has the scope '{Scope}', {why}");
}
