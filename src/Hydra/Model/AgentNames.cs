namespace Hydra.Model;

/// <summary>The agents that a node names, in whichever of its fields: what a workflow needs is found, checked and pinned by this.</summary>
public static class AgentNames
{
    private static readonly string[] Single = ["agent", "synthesizer", "judge", "entry"];
    private static readonly string[] Listed = ["workers", "agents", "allowed_agents"];

    /// <summary>Each name as often as it is written; agents defined in place are none.</summary>
    public static IEnumerable<string> Of(NodeSpec node)
    {
        foreach (var field in Single)
        {
            if (node.Fields.GetOrNull(field).TextOrNull is { } name) yield return name;
        }
        foreach (var field in Listed)
        {
            if (node.Fields.GetOrNull(field) is not { IsList: true } list) continue;
            foreach (var item in list.Items)
            {
                if (item.TextOrNull is { } name) yield return name;
            }
        }
        if (node.Fields.GetOrNull("routes") is { IsObject: true } routes)
        {
            foreach (var (_, route) in routes.AsObject)
            {
                if (route.IsObject && route.AsObject.GetOrNull("agent").TextOrNull is { } name) yield return name;
            }
        }
        if (node.Policy.EscalateTo is { } to) yield return to;
        if (node.Policy.Fallback?.Agent is { } fallback) yield return fallback;
    }
}
