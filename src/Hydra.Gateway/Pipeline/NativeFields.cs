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

    /// <summary>How many words an answer takes; both of OpenAI's formats know it, each at its own place.</summary>
    public const string Verbosity = "verbosity";

    /// <summary>The options as this deployment can take them.</summary>
    /// <param name="dropped">What was left out.</param>
    /// <exception cref="Hydra.Model.CallFailedException"><c>bad_request</c>: something would be left out, and the configuration refuses that.</exception>
    public static CallOptions For(Deployment deployment, CallOptions options, List<string> dropped)
    {
        dropped.Clear();
        if (options.AdditionalProperties is not { Count: > 0 } fields || DialectOf(options.Operation.Door) is null) return options;
        var isSpoken = AreSent(deployment, options);
        var isOpenAI = WireOf(deployment) is WireFormat.Chat or WireFormat.Responses;
        CallOptions? bare = null;
        foreach (var name in fields.Keys)
        {
            if ((isSpoken || isOpenAI && name == Verbosity) && !Unanswered.Contains(name)) continue;
            bare ??= (CallOptions)options.Clone();
            bare.AdditionalProperties!.Remove(name);
            if (!AlsoSaid.Contains(name)) dropped.Add(name);
        }
        if (dropped.Count > 0 && options.Operation.RefusesUnsupported) throw Parameters.Unsupported(deployment.Id, dropped);
        return bare ?? options;
    }

    /// <summary>Whether the fields of the call's own dialect reach this deployment.</summary>
    public static bool AreSent(Deployment deployment, CallOptions options) => DialectOf(options.Operation.Door) is not { } dialect || WireOf(deployment) == dialect;

    private static WireFormat? WireOf(Deployment deployment) => (deployment.Client.GetService(typeof(Endpoint)) as Endpoint)?.Wire;

    private static WireFormat? DialectOf(string door) => door switch
    {
        "chat" => WireFormat.Chat,
        "responses" => WireFormat.Responses,
        "messages" => WireFormat.Messages,
        _ => null,
    };
}
