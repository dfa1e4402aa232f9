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

    /// <summary>Fields whose answer has no place in the common form, so that they are asked of nobody.</summary>
    private static readonly HashSet<string> Unanswered = new(StringComparer.Ordinal) { "logprobs", "top_logprobs" };

    /// <summary>The options as this deployment can take them.</summary>
    /// <param name="dropped">What was left out.</param>
    /// <exception cref="Hydra.Model.CallFailedException"><c>bad_request</c>: something would be left out, and the configuration refuses that.</exception>
    public static CallOptions For(Deployment deployment, CallOptions options, List<string> dropped)
    {
        dropped.Clear();
        if (options.AdditionalProperties is not { Count: > 0 } fields || DialectOf(options.Operation.Door) is not { } dialect) return options;
        var isSpoken = deployment.Client.GetService(typeof(Endpoint)) is Endpoint endpoint && endpoint.Wire == dialect;
        CallOptions? bare = null;
        foreach (var name in fields.Keys)
        {
            if (isSpoken && !Unanswered.Contains(name)) continue;
            bare ??= (CallOptions)options.Clone();
            bare.AdditionalProperties!.Remove(name);
            if (!AlsoSaid.Contains(name)) dropped.Add(name);
        }
        if (dropped.Count > 0 && options.Operation.RefusesUnsupported) throw Parameters.Unsupported(deployment.Id, dropped);
        return bare ?? options;
    }

    private static WireFormat? DialectOf(string door) => door switch
    {
        "chat" => WireFormat.Chat,
        "responses" => WireFormat.Responses,
        "messages" => WireFormat.Messages,
        _ => null,
    };
}
