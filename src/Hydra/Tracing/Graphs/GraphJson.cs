using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>A graph as data: what the other forms draw, and what they leave out.</summary>
internal static class GraphJson
{
    public static Value Of(GraphModel graph)
    {
        var document = new ValueMap.Builder();
        document["name"] = graph.Name;
        document["definition_hash"] = graph.Top.Plan.Workflow.Hash;
        if (graph.Run is { } run)
        {
            document["run_id"] = run.Run;
            document["status"] = WireNames.Of(run.Status);
        }
        document["critical_path_seconds"] = Math.Round(graph.Top.Plan.CriticalPathSeconds, 3);
        Level(document, graph.Top);
        return document.Build();
    }

    private static void Level(ValueMap.Builder document, GraphLevel level)
    {
        document["nodes"] = Value.Of(level.Nodes.Select(node => Value.Of(Node(level, node))));
        document["edges"] = Value.Of(level.Edges().Select(edge => Value.Of(ValueMap.Of(("from", edge.From.Path), ("to", edge.To.Path)))));
        document["waves"] = Value.Of(level.Waves().Select(wave => Value.OfTexts(wave.Select(node => node.Path))));
    }

    private static ValueMap Node(GraphLevel level, GraphNode node)
    {
        var map = new ValueMap.Builder();
        map["id"] = node.Path;
        map["type"] = node.Node.Type.Name;
        map["wave"] = node.Wave + 1;
        map["depends_on"] = Value.OfTexts(node.Node.Spec.DependsOn.Select(parent => parent.Text));
        map["remaining_seconds"] = Math.Round(level.Plan.Rank[node.Node.Index], 3);
        if (node.Node.Spec.Fields.GetOrNull("model").TextOrNull is { } model) map["model"] = model;
        if (node.States is { } states)
        {
            map["status"] = node.Status is { } status ? WireNames.Of(status) : Value.Null;
            map["instances"] = ValueMap.Of(states.Select((count, at) => KeyValuePair.Create(WireNames.Of((NodeStatus)at), Value.Of((long)count))).Where(pair => pair.Value.AsInteger > 0));
        }
        if (node.Bodies.Length > 0) map["bodies"] = Value.Of(node.Bodies.Select(Body));
        return map.Build();
    }

    private static Value Body(GraphLevel body)
    {
        var map = new ValueMap.Builder();
        map["fragment"] = body.Plan.Fragment;
        Level(map, body);
        return map.Build();
    }
}
