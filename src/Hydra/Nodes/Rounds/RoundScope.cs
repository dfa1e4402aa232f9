using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Nodes;

/// <summary>What expressions over a round see: some names, the round's nodes by id, and everything the composite sees.</summary>
internal sealed class RoundScope(EndedScope round, ValueMap names, ITemplateScope around) : ITemplateScope
{
    public IEnumerable<string> Names => [.. names.Keys, .. round.Children.Select(child => child.Id), .. around.Names];

    public bool TryGet(string name, out Value value)
    {
        if (names.TryGetValue(name, out value)) return true;
        foreach (var child in round.Children)
        {
            if (child.Id != name) continue;
            if (!child.HasOutput && child.Status != NodeStatus.Skipped) return false;
            value = child.Output();
            return true;
        }
        if (!around.TryGet(name, out value)) return false;
        if (name == "nodes") value = WithRound(value.AsObject);
        return true;
    }

    private Value WithRound(ValueMap outside)
    {
        var nodes = new ValueMap.Builder();
        foreach (var (id, node) in outside) nodes[id] = node;
        foreach (var child in round.Children)
        {
            nodes[child.Id] = ValueMap.Of(
                ("status", WireNames.Of(child.Status)),
                ("output", child.HasOutput ? child.Output() : Value.Null),
                ("error", child.Error is { } error ? ValueMap.Of(("code", error.Code.Name), ("message", error.Message)) : Value.Null));
        }
        return nodes.Build();
    }
}
