using Hydra.Model;

namespace Hydra.Gateway.Config;

/// <summary>The deployments of one group by every name that rules may use: <c>provider</c>, <c>provider/model</c>, id or tag.</summary>
internal sealed class DeploymentNames
{
    private readonly Dictionary<string, List<string>> _ids = new(StringComparer.Ordinal);

    public IEnumerable<string> Known => _ids.Keys;

    public static DeploymentNames Of(string group, ValueMap written)
    {
        var names = new DeploymentNames();
        var ids = new DeploymentIds(group);
        foreach (var (_, deployment) in written.Items("deployments"))
        {
            var (provider, model) = (deployment.Text("provider") ?? "", deployment.Text("model") ?? "");
            var id = ids.Next(provider, model);
            foreach (var name in (string[])[provider, $"{provider}/{model}", id, .. deployment.Texts("tags")])
            {
                if (!names._ids.TryGetValue(name, out var known)) names._ids[name] = known = [];
                if (!known.Contains(id)) known.Add(id);
            }
        }
        return names;
    }

    /// <summary>The ids of the deployments of that name; empty: there is none.</summary>
    public IReadOnlyList<string> Find(string name) => _ids.TryGetValue(name, out var ids) ? ids : [];
}

/// <summary>Gives the deployments of one group their ids: <c>group/provider/model</c>, with a number behind it where that is taken.</summary>
internal sealed class DeploymentIds(string group)
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public string Next(string provider, string model)
    {
        var id = $"{group}/{provider}/{model}";
        for (var number = 2; !_taken.Add(id); number++) id = $"{group}/{provider}/{model}#{number}";
        return id;
    }
}
