namespace Hydra.Gateway.Fake;

/// <summary>An answer before a door puts it into its wire format.</summary>
internal sealed record FakeReply(FakeCall Call, string Text, IReadOnlyList<FakeToolCall> ToolCalls, FakeUsage Usage,
    string Finish, int Chunks)
{
    /// <summary>What the model shows of its reasoning, and its sealed state; null when there is none.</summary>
    public string? Thought { get; init; }
    public string? ThoughtState { get; init; }

    public static FakeReply Of(FakeCall call, FakeRule rule, string defaultAnswer)
    {
        var text = (rule.Answer ?? (rule.ToolCalls.Count > 0 ? "" : defaultAnswer))
            .Replace("{prompt}", call.Prompt, StringComparison.Ordinal)
                .Replace("{call}", call.Number.ToString(), StringComparison.Ordinal);
        var usage = rule.Usage ?? new FakeUsage(Input: Math.Max(1, call.Text.Length / 4),
            Output: Math.Max(1, text.Length / 4));
        return new(call, text, rule.ToolCalls, usage,
            rule.Finish ?? (rule.ToolCalls.Count > 0 ? "tool_calls" : "stop"), Math.Clamp(rule.Chunks, 1, 100_000))
        {
            Thought = rule.Thought,
            ThoughtState = rule.ThoughtState,
        };
    }

    public string Id(FakeToolCall tool, int at) => tool.Id ?? $"call_{Call.Number}_{at}";

    /// <summary>The text in the wished number of pieces; fewer when it is too short.</summary>
    public IEnumerable<string> Pieces()
    {
        var size = Math.Max(1, (Text.Length + Chunks - 1) / Chunks);
        for (var at = 0; at < Text.Length; at += size)
        {
            yield return Text.Substring(at, Math.Min(size, Text.Length - at));
        }
    }
}
