using System.Text.Json;

namespace Hydra.Gateway.Tests.Faults;

/// <summary>What a caller at one door of the gateway got.</summary>
/// <param name="Text">What the model said, as far as it came.</param>
/// <param name="IsWhole">It ended as whole answers end in this dialect.</param>
/// <param name="Error">The error in the door's own shape; null: none was told.</param>
internal sealed record FaultAnswer(int Status, string Text, bool IsWhole, string? Error, string? Model, long InputTokens, long OutputTokens);

/// <summary>How one dialect is asked and read.</summary>
internal abstract class FaultDoor(string name, string path)
{
    public static IReadOnlyList<FaultDoor> All { get; } = [new ChatFaultDoor(), new MessagesFaultDoor(), new ResponsesFaultDoor()];

    public string Name => name;
    public string Path => path;

    public abstract string Ask(string prompt, bool isStream);

    public FaultAnswer Read(int status, string body, bool isStream)
    {
        if (status != 200 || !isStream)
        {
            var json = JsonDocument.Parse(body).RootElement;
            return json.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object ? new FaultAnswer(status, "", false, ErrorOf(error), null, 0, 0) : Whole(status, json);
        }
        var events = body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(one => one[(one.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).ToList();
        return Stream(status, [.. events.Where(data => data[0] == '{').Select(data => JsonDocument.Parse(data).RootElement)], events.Contains("[DONE]"));
    }

    protected abstract FaultAnswer Whole(int status, JsonElement json);
    protected abstract FaultAnswer Stream(int status, IReadOnlyList<JsonElement> events, bool hasDone);

    /// <summary>The type, and the code where there is one.</summary>
    protected static string ErrorOf(JsonElement error) =>
        $"{error.GetProperty("type").GetString()}{(error.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.String ? $" {code.GetString()}" : "")}";

    protected static long Number(JsonElement json, string name) => json.TryGetProperty(name, out var number) ? number.GetInt64() : 0;
}

internal sealed class ChatFaultDoor() : FaultDoor("chat", "/v1/chat/completions")
{
    public override string Ask(string prompt, bool isStream) =>
        $$"""{"model":"smart","stream":{{(isStream ? "true,\"stream_options\":{\"include_usage\":true}" : "false")}},"max_completion_tokens":200,"messages":[{"role":"user","content":"{{prompt}}"}]}""";

    protected override FaultAnswer Whole(int status, JsonElement json)
    {
        var choice = json.GetProperty("choices")[0];
        var usage = json.GetProperty("usage");
        return new FaultAnswer(status, choice.GetProperty("message").GetProperty("content").GetString()!, choice.GetProperty("finish_reason").GetString() == "stop", null,
            json.GetProperty("model").GetString(), Number(usage, "prompt_tokens"), Number(usage, "completion_tokens"));
    }

    protected override FaultAnswer Stream(int status, IReadOnlyList<JsonElement> events, bool hasDone)
    {
        string text = "", finish = "";
        string? error = null, model = null;
        long input = 0, output = 0;
        foreach (var one in events)
        {
            if (one.TryGetProperty("error", out var told)) error = ErrorOf(told);
            if (one.TryGetProperty("model", out var named)) model = named.GetString();
            if (one.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object) (input, output) = (Number(usage, "prompt_tokens"), Number(usage, "completion_tokens"));
            if (!one.TryGetProperty("choices", out var choices) || choices.GetArrayLength() == 0) continue;
            if (choices[0].GetProperty("delta").TryGetProperty("content", out var content)) text += content.GetString();
            finish = choices[0].GetProperty("finish_reason").GetString() ?? finish;
        }
        return new FaultAnswer(status, text, hasDone && finish == "stop", error, model, input, output);
    }
}

internal sealed class MessagesFaultDoor() : FaultDoor("messages", "/v1/messages")
{
    public override string Ask(string prompt, bool isStream) =>
        $$"""{"model":"smart","stream":{{(isStream ? "true" : "false")}},"max_tokens":200,"messages":[{"role":"user","content":"{{prompt}}"}]}""";

    protected override FaultAnswer Whole(int status, JsonElement json)
    {
        var usage = json.GetProperty("usage");
        return new FaultAnswer(status, json.GetProperty("content")[0].GetProperty("text").GetString()!, json.GetProperty("stop_reason").GetString() == "end_turn", null,
            json.GetProperty("model").GetString(), Number(usage, "input_tokens"), Number(usage, "output_tokens"));
    }

    protected override FaultAnswer Stream(int status, IReadOnlyList<JsonElement> events, bool hasDone)
    {
        string text = "", stop = "";
        string? error = null, model = null;
        long input = 0, output = 0;
        var isOver = false;
        foreach (var one in events)
        {
            switch (one.GetProperty("type").GetString())
            {
                case "error": error = ErrorOf(one.GetProperty("error")); break;
                case "message_start":
                    model = one.GetProperty("message").GetProperty("model").GetString();
                    input = Number(one.GetProperty("message").GetProperty("usage"), "input_tokens");
                    break;
                case "content_block_delta": text += one.GetProperty("delta").GetProperty("text").GetString(); break;
                case "message_delta":
                    stop = one.GetProperty("delta").GetProperty("stop_reason").GetString() ?? "";
                    output = Number(one.GetProperty("usage"), "output_tokens");
                    input = Math.Max(input, Number(one.GetProperty("usage"), "input_tokens"));
                    break;
                case "message_stop": isOver = true; break;
            }
        }
        return new FaultAnswer(status, text, isOver && stop == "end_turn", error, model, input, output);
    }
}

internal sealed class ResponsesFaultDoor() : FaultDoor("responses", "/v1/responses")
{
    public override string Ask(string prompt, bool isStream) =>
        $$"""{"model":"smart","stream":{{(isStream ? "true" : "false")}},"max_output_tokens":200,"store":false,"input":"{{prompt}}"}""";

    protected override FaultAnswer Whole(int status, JsonElement json)
    {
        var text = json.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString()!;
        var usage = json.GetProperty("usage");
        return new FaultAnswer(status, text, json.GetProperty("status").GetString() == "completed", null, json.GetProperty("model").GetString(), Number(usage, "input_tokens"), Number(usage, "output_tokens"));
    }

    protected override FaultAnswer Stream(int status, IReadOnlyList<JsonElement> events, bool hasDone)
    {
        var text = "";
        foreach (var one in events)
        {
            switch (one.GetProperty("type").GetString())
            {
                case "response.output_text.delta": text += one.GetProperty("delta").GetString(); break;
                case "response.completed": return Whole(status, one.GetProperty("response"));
                case "response.failed": return new FaultAnswer(status, text, false, one.GetProperty("response").GetProperty("error").GetProperty("code").GetString(), null, 0, 0);
            }
        }
        return new FaultAnswer(status, text, false, null, null, 0, 0);
    }
}
