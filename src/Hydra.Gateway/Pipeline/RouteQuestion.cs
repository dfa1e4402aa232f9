using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Hydra.Gateway.Routing;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>Reads out of a call what a route is chosen by. Pure.</summary>
internal static class RouteQuestion
{
    /// <summary>Key in <see cref="ChatOptions.AdditionalProperties"/> of regions that may answer, separated by commas.</summary>
    private const string RegionKey = "region";

    public static RouteRequest Of(IReadOnlyList<ChatMessage> messages, CallOptions options, RoutePolicy policy)
    {
        var operation = options.Operation;
        return new RouteRequest
        {
            PromptTokensMax = operation.PromptTokensMax,
            PromptTokensLikely = operation.PromptTokensLikely,
            OutputTokensMax = operation.OutputTokensMax,
            Needs = NeedsOf(messages, options),
            IsStreaming = operation.IsStreamed,
            Metadata = operation.Metadata,
            PrefixHash = policy.PromptCache is null ? null : PrefixOf(messages, options),
            StickyKey = operation.Caller.User ?? operation.Caller.KeyId,
            Complexity = policy.Strategy == RouteStrategy.Complexity ? ComplexityOf(messages, options) : null,
            Regions = operation.Metadata.TryGetValue(RegionKey, out var regions) ? regions.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [],
        };
    }

    private static Capabilities NeedsOf(IReadOnlyList<ChatMessage> messages, ChatOptions options)
    {
        var needs = Capabilities.None;
        if (options.Tools is { Count: > 0 }) needs |= Capabilities.Tools;
        if (options.ResponseFormat is ChatResponseFormatJson { Schema: not null }) needs |= Capabilities.Schema;
        foreach (var message in messages)
        {
            foreach (var content in message.Contents)
            {
                if (content is DataContent data) needs |= data.HasTopLevelMediaType("audio") ? Capabilities.Audio : data.HasTopLevelMediaType("image") ? Capabilities.Images : Capabilities.None;
                else if (content is UriContent uri && uri.HasTopLevelMediaType("image")) needs |= Capabilities.Images;
            }
        }
        return needs;
    }

    private static ComplexityScore ComplexityOf(IReadOnlyList<ChatMessage> messages, CallOptions options)
    {
        var last = "";
        var turns = 0;
        foreach (var message in messages)
        {
            if (message.Role != ChatRole.User) continue;
            last = message.Text;
            turns++;
        }
        return ComplexityScore.Of(last, options.Operation.PromptTokensMax / 2, options.Tools?.Count ?? 0, turns, options.ResponseFormat is ChatResponseFormatJson { Schema: not null });
    }

    /// <summary>A hash of what a provider would find in its cache: everything before the last user turn's own text.</summary>
    private static ulong PrefixOf(IReadOnlyList<ChatMessage> messages, ChatOptions options)
    {
        const int messagesMax = 4;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(options.Instructions);
        foreach (var tool in options.Tools ?? []) Add(tool.Name);
        for (var i = 0; i < Math.Min(messages.Count, messagesMax); i++)
        {
            if (i > 0 && i == messages.Count - 1) break;
            Add(messages[i].Text);
        }
        return BinaryPrimitives.ReadUInt64LittleEndian(hash.GetHashAndReset());

        void Add(string? text) => hash.AppendData(MemoryMarshal.AsBytes((text ?? "").AsSpan()));
    }
}
