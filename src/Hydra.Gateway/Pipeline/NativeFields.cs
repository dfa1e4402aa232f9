using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>
/// Fields of a dialect that no other has. They go on to deployments that speak the dialect of the door they came in by; for all others
/// they are left out, and the caller is told. Pure.
/// </summary>
internal static class NativeFields
{
    /// <summary>Fields of which the common options say the gist, so that nothing of weight is lost without them.</summary>
    private static readonly HashSet<string> AlsoSaid = new(StringComparer.Ordinal) { "thinking", "metadata" };

    /// <summary>The options as this deployment can take them.</summary>
    /// <param name="dropped">What was left out.</param>
    public static CallOptions For(Deployment deployment, CallOptions options, List<string> dropped)
    {
        dropped.Clear();
        if (options.AdditionalProperties is not { Count: > 0 } fields || DialectOf(options.Operation.Door) is not { } dialect) return options;
        if (deployment.Client.GetService(typeof(Endpoint)) is Endpoint endpoint && endpoint.Wire == dialect) return options;
        foreach (var name in fields.Keys)
        {
            if (!AlsoSaid.Contains(name)) dropped.Add(name);
        }
        var bare = (CallOptions)options.Clone();
        bare.AdditionalProperties = null;
        return bare;
    }

    private static WireFormat? DialectOf(string door) => door switch
    {
        "chat" => WireFormat.Chat,
        "responses" => WireFormat.Responses,
        "messages" => WireFormat.Messages,
        _ => null,
    };
}
