using System.Runtime.InteropServices;
using System.Text.Json;
using Hydra.Gateway.Embeddings;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>OpenAI's embeddings: <c>POST /v1/embeddings</c>.</summary>
internal sealed class EmbeddingsDoor : IDoor
{
    private const int TextsMax = 2_048;
    private const int DimensionsMax = 65_536;

    public string Name => "embeddings";

    public DoorRequest Read(JsonElement json)
    {
        var format = json.TextMember("encoding_format", "");
        if (format is not (null or "float" or "base64")) throw DoorJson.Bad($"'encoding_format' is '{Excerpt.Of(format)}'; it must be float or base64.", "encoding_format");
        var options = new ChatOptions();
        if (json.WholeMember("dimensions", "", 1, DimensionsMax) is { } dimensions) options.AdditionalProperties = new() { [EmbeddingCall.DimensionsKey] = (int)dimensions };
        return new DoorRequest
        {
            Model = json.RequiredText("model", ""),
            Messages = [new ChatMessage(ChatRole.User, Texts(json))],
            Options = options,
            User = json.TextMember("user", ""),
            WantsBase64 = format == "base64",
        };
    }

    public void WriteAnswer(Utf8JsonWriter json, DoorRequest request, ChatResponse answer, Operation operation)
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        var index = 0;
        foreach (var vector in answer.Messages.SelectMany(message => message.Contents).OfType<DataContent>())
        {
            json.WriteStartObject();
            json.WriteString("object", "embedding");
            json.WriteNumber("index", index++);
            if (request.WantsBase64)
            {
                json.WriteBase64String("embedding", vector.Data.Span);
            }
            else
            {
                json.WriteStartArray("embedding");
                foreach (var number in MemoryMarshal.Cast<byte, float>(vector.Data.Span)) json.WriteNumberValue(number);
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("model", answer.ModelId ?? request.Model);
        var tokens = UsageReader.Read(answer.Usage).Prompt;
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", tokens);
        json.WriteNumber("total_tokens", tokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public IDoorStream OpenStream(DoorRequest request, Operation operation, SseWriter events) => throw new NotSupportedException("Embeddings have no stream.");

    public void WriteError(Utf8JsonWriter json, DoorError error, string callId) => ChatDoor.WriteError(json, error);

    private static List<AIContent> Texts(JsonElement json)
    {
        var input = json.Member("input") ?? throw DoorJson.Bad("'input' is missing. It must be a string or an array of strings.", "input");
        if (input.ValueKind == JsonValueKind.String) return [Text(input, "input")];
        if (input.ValueKind != JsonValueKind.Array) throw DoorJson.Wrong(input, "input", "a string or an array of strings");
        if (input.GetArrayLength() is 0 or > TextsMax) throw DoorJson.Bad($"'input' holds {input.GetArrayLength()} texts; it must hold 1 to {TextsMax}.", "input");
        var texts = new List<AIContent>(input.GetArrayLength());
        foreach (var item in input.EnumerateArray())
        {
            var at = $"input[{texts.Count}]";
            if (item.ValueKind is JsonValueKind.Number or JsonValueKind.Array) throw DoorJson.Bad($"'{at}' is made of tokens, which mean something else to every model. Send text.", at);
            if (item.ValueKind != JsonValueKind.String) throw DoorJson.Wrong(item, at, "a string");
            texts.Add(Text(item, at));
        }
        return texts;
    }

    private static TextContent Text(JsonElement item, string at)
    {
        var text = DoorJson.TextOf(item, at);
        return text.Length > 0 ? new TextContent(text) : throw DoorJson.Bad($"'{at}' is empty.", at);
    }
}
