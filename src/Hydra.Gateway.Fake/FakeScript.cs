using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hydra.Gateway.Fake;

/// <summary>What the fake provider answers: the first rule that matches a call decides, else the default. See docs/models.md for the JSON.</summary>
public sealed record FakeScript
{
    private static readonly JsonSerializerOptions Reading = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    public IReadOnlyList<FakeRule> Rules { get; init; } = [];
    /// <summary>The answer of a call that no rule matches. <c>{prompt}</c> becomes the last user message, <c>{call}</c> the call's number.</summary>
    public string Answer { get; init; } = "Fake answer to: {prompt}";
    /// <summary>Names that <c>GET /v1/models</c> lists.</summary>
    public IReadOnlyList<string> Models { get; init; } = ["fake-model"];
    /// <summary>How many calls are kept for <c>/_fake/calls</c>; older ones are only counted.</summary>
    /// <value>0 to 1,000,000. Default: 10,000.</value>
    public int CallsKeptMax { get; init; } = 10_000;

    /// <summary>A script with one rule for every call.</summary>
    public static FakeScript Of(params FakeRule[] rules) => new() { Rules = rules };

    /// <exception cref="FormatException">The text is no script; the message says where.</exception>
    public static FakeScript Parse(string json, string name = "script")
    {
        try
        {
            return JsonSerializer.Deserialize<FakeScript>(json, Reading) ??
                throw new FormatException($"{name} is empty.");
        }
        catch (JsonException error)
        {
            throw new FormatException($"{name}:{error.LineNumber + 1}: {error.Message}", error);
        }
    }
}

/// <summary>One rule: which calls it answers, with what, and what goes wrong. Everything is optional.</summary>
public sealed record FakeRule
{
    public FakeMatch When { get; init; } = new();
    /// <summary>The rule answers so many calls and then matches no more; null: no limit.</summary>
    public int? Times { get; init; }

    /// <summary>Text of the answer, with <c>{prompt}</c> and <c>{call}</c> filled in.</summary>
    public string? Answer { get; init; }
    public IReadOnlyList<FakeToolCall> ToolCalls { get; init; } = [];
    /// <summary>Why the model stopped, in OpenAI's spelling; the Anthropic door translates the common ones.</summary>
    public string? Finish { get; init; }
    public FakeUsage? Usage { get; init; }
    /// <summary>Reasoning that is shown before the answer.</summary>
    public string? Thought { get; init; }
    /// <summary>The reasoning's sealed state: Anthropic's signature, or its redacted block when nothing is shown; OpenAI's encrypted content; Gemini's signature.</summary>
    public string? ThoughtState { get; init; }

    /// <summary>Wait before the first byte, in milliseconds.</summary>
    public int LatencyMs { get; init; }
    /// <summary>Into how many pieces a streamed text is cut.</summary>
    /// <value>1 to 100,000. Default: 3.</value>
    public int Chunks { get; init; } = 3;
    /// <summary>Wait between two pieces, in milliseconds.</summary>
    public int ChunkDelayMs { get; init; }

    /// <summary>HTTP status; from 400 up the answer is an error in the door's own shape.</summary>
    public int Status { get; init; } = 200;
    /// <summary>Value of the <c>Retry-After</c> header, as it is.</summary>
    public string? RetryAfter { get; init; }
    public int? RetryAfterMs { get; init; }
    public string? ErrorType { get; init; }
    public string? ErrorCode { get; init; }
    public string? ErrorMessage { get; init; }

    /// <summary>Body sent instead of an answer, as text; with <see cref="ContentType"/>.</summary>
    public string? Body { get; init; }
    /// <summary>Body sent instead of an answer, as bytes in base64. The text <c>{{KEY}}</c> in it becomes the caller's key.</summary>
    public string? BodyB64 { get; init; }
    public string? ContentType { get; init; }
    /// <summary>Sizes in bytes in which a body is written, cycled.</summary>
    public IReadOnlyList<int> WriteSizes { get; init; } = [];

    /// <summary>How many events of a stream are sent before <see cref="Then"/>; null: all.</summary>
    public int? CutAfter { get; init; }
    /// <summary>
    /// What follows: <c>close</c>, <c>hang</c>, <c>reset</c>, <c>repeat</c> (the body for ever), <c>error</c> (the door's own error inside
    /// the stream).
    /// </summary>
    public string Then { get; init; } = "close";
}

/// <summary>Which calls a rule is for: all that is given must hold.</summary>
public sealed record FakeMatch
{
    /// <summary>The model; a <c>*</c> at the end matches the rest.</summary>
    public string? Model { get; init; }
    /// <summary>Text that some message holds.</summary>
    public string? Prompt { get; init; }
    /// <summary>The number of the call, counted from 1 over all calls.</summary>
    public int? Call { get; init; }
    public bool? Stream { get; init; }

    internal bool Holds(FakeCall call)
    {
        if (Call is { } number && number != call.Number) return false;
        if (Stream is { } stream && stream != call.IsStream) return false;
        if (Prompt is { } prompt && !call.Text.Contains(prompt, StringComparison.Ordinal)) return false;
        if (Model is not { } model) return true;
        return model.EndsWith('*') ? call.Model.StartsWith(model[..^1], StringComparison.Ordinal) : call.Model == model;
    }
}

/// <summary>A tool call in an answer.</summary>
public sealed record FakeToolCall
{
    public required string Name { get; init; }
    public string? Id { get; init; }
    /// <summary>The arguments as JSON.</summary>
    public JsonElement Arguments { get; init; } = JsonSerializer.SerializeToElement(new { });
}

/// <summary>Tokens in disjoint classes; each door reports them in its own way of counting.</summary>
public sealed record FakeUsage(long Input = 0, long Output = 0, long CacheRead = 0, long CacheWrite = 0,
    long Reasoning = 0, long CacheWriteHour = 0);
