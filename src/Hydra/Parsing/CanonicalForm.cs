using System.Security.Cryptography;
using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>The identity of a definition: JSON with sorted keys, in which whatever means the same reads the same.</summary>
internal static class CanonicalForm
{
    /// <summary>Nodes by id: their order in the file means nothing.</summary>
    public static Value Nodes(IEnumerable<BoundNode> nodes) =>
        Value.Of(nodes.OrderBy(node => node.Spec.Id.Text, StringComparer.Ordinal).Select(node => Value.Of(node.Canonical)).ToArray());

    public static WorkflowSpec Seal(WorkflowSpec spec, ValueMap canonical)
    {
        var bytes = ValueJson.ToCanonicalUtf8(Value.Of(canonical));
        return spec with { Canonical = bytes, Hash = Convert.ToHexStringLower(SHA256.HashData(bytes)) };
    }
}
