using System.Text.Json;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>Reads the content of a chat message: one text, or parts of text, pictures, sound and files. Pure.</summary>
internal static class ChatParts
{
    public static void Read(JsonElement message, string at, IList<AIContent> contents, bool isRequired)
    {
        if (message.Member("content") is not { } content)
        {
            if (isRequired) throw DoorJson.Bad($"'{at}.content' is missing. It must be a string or an array of parts.", $"{at}.content");
            return;
        }
        if (content.ValueKind == JsonValueKind.String)
        {
            contents.Add(new TextContent(DoorJson.TextOf(content, at, "content")));
            return;
        }
        if (content.ValueKind != JsonValueKind.Array) throw DoorJson.Wrong(content, $"{at}.content", "a string or an array of parts");
        var count = 0;
        foreach (var part in content.EnumerateArray()) contents.Add(Part(part, $"{at}.content[{count++}]"));
    }

    private static AIContent Part(JsonElement part, string at)
    {
        DoorJson.MustBeObject(part, at);
        switch (part.RequiredText("type", at))
        {
            case "text": return new TextContent(part.TextMember("text", at) ?? "");
            case "refusal": return new TextContent(part.TextMember("refusal", at) ?? "");
            case "image_url":
                var picture = part.ObjectMember("image_url", at) ?? throw DoorJson.Bad($"'{at}.image_url' is missing.", $"{at}.image_url");
                return Address(picture.RequiredText("url", $"{at}.image_url"), "image/*", $"{at}.image_url.url");
            case "input_audio":
                var sound = part.ObjectMember("input_audio", at) ?? throw DoorJson.Bad($"'{at}.input_audio' is missing.", $"{at}.input_audio");
                var format = sound.RequiredText("format", $"{at}.input_audio");
                return Bytes(sound.RequiredText("data", $"{at}.input_audio"), $"audio/{(format == "mp3" ? "mpeg" : format)}", $"{at}.input_audio.data");
            case "file":
                var file = part.ObjectMember("file", at) ?? throw DoorJson.Bad($"'{at}.file' is missing.", $"{at}.file");
                if (file.TextMember("file_id", $"{at}.file") is { } id) return new HostedFileContent(id);
                var content = Address(file.RequiredText("file_data", $"{at}.file"), "application/pdf", $"{at}.file.file_data");
                if (content is DataContent data) data.Name = file.TextMember("filename", $"{at}.file");
                return content;
            case var other:
                throw DoorJson.Bad($"'{at}.type' is '{Excerpt.Of(other)}'; it must be text, image_url, input_audio, file or refusal.", $"{at}.type");
        }
    }

    /// <summary>A web address, or data in a <c>data:</c> address.</summary>
    public static AIContent Address(string url, string mediaType, string at)
    {
        if (url.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            try
            {
                return new DataContent(url);
            }
            catch (ArgumentException)
            {
                throw DoorJson.Bad($"'{at}' is not a data URI as RFC 2397 has it. Write data:MEDIA/TYPE;base64,DATA.", at);
            }
        }
        if (Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https") return new UriContent(uri, mediaType);
        throw DoorJson.Bad($"'{at}' is neither an http or https address nor a data URI.", at);
    }

    /// <summary>Base64 as a content of its type.</summary>
    public static DataContent Bytes(string base64, string mediaType, string at)
    {
        try
        {
            return new DataContent(Convert.FromBase64String(base64), mediaType);
        }
        catch (Exception wrong) when (wrong is FormatException or ArgumentException)
        {
            throw DoorJson.Bad($"'{at}' is not base64 of {Excerpt.Of(mediaType)}.", at);
        }
    }
}
