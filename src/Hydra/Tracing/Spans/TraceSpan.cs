using System.Security.Cryptography;
using System.Text;
using Hydra.Model;

namespace Hydra.Tracing;

public enum SpanKind { Internal, Client, Server }

/// <summary>A span in OpenTelemetry's sense, ended.</summary>
public sealed record TraceSpan
{
    /// <summary>32 hexadecimal digits.</summary>
    public required string TraceId { get; init; }
    /// <summary>16 hexadecimal digits.</summary>
    public required string SpanId { get; init; }
    /// <summary>Null for the span of the run.</summary>
    public string? ParentId { get; init; }
    public required string Name { get; init; }
    public SpanKind Kind { get; init; }
    /// <summary>Unix nanoseconds.</summary>
    public required long StartNs { get; init; }
    public required long EndNs { get; init; }
    /// <summary>In a fixed order; values are text, whole numbers, numbers, booleans or lists of text.</summary>
    public required IReadOnlyList<KeyValuePair<string, Value>> Attributes { get; init; }
    public bool IsError { get; init; }
    /// <summary>Why, where <see cref="IsError"/>.</summary>
    public string? ErrorMessage { get; init; }
}

/// <summary>
/// Ids of traces and spans, by hash: the same run gives the same ids whoever exports it and however often, so an export
/// can be repeated and a link to a span can be computed from a node's path.
/// </summary>
public static class SpanIds
{
    /// <summary>A run's trace id. The time it began tells runs apart that were given the same id in two places.</summary>
    public static string TraceOf(string run, long startedAtMs) => Hash($"hydra/trace\n{run}\n{startedAtMs}", 16);

    public static string WorkflowOf(string trace) => Hash($"hydra/run\n{trace}", 8);

    public static string NodeOf(string trace, string path) => Hash($"hydra/node\n{trace}\n{path}", 8);

    public static string AttemptOf(string trace, string path, int attempt, int incarnation) => Hash($"hydra/attempt\n{trace}\n{path}\n{attempt}.{incarnation}", 8);

    public static string StepOf(string trace, string path, int attempt, int step) => Hash($"hydra/step\n{trace}\n{path}\n{attempt}\n{step}", 8);

    private static string Hash(string text, int bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        hash[bytes - 1] |= 1;   // an id of zeros alone is invalid
        return Convert.ToHexStringLower(hash[..bytes]);
    }
}
