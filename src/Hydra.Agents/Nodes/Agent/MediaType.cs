namespace Hydra.Agents.Nodes;

/// <summary>Media types of files that models take, by the ending of a name; the names are those of the IANA registry (https://www.iana.org/assignments/media-types).</summary>
internal static class MediaType
{
    private static readonly Dictionary<string, string> ByEnding = new(StringComparer.OrdinalIgnoreCase)
    {
        [".png"] = "image/png", [".jpg"] = "image/jpeg", [".jpeg"] = "image/jpeg", [".gif"] = "image/gif", [".webp"] = "image/webp",
        [".pdf"] = "application/pdf", [".wav"] = "audio/wav", [".mp3"] = "audio/mpeg",
        [".docx"] = "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        [".xlsx"] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        [".txt"] = "text/plain", [".log"] = "text/plain", [".md"] = "text/markdown", [".csv"] = "text/csv", [".html"] = "text/html",
        [".json"] = "application/json", [".xml"] = "application/xml", [".yaml"] = "application/yaml", [".yml"] = "application/yaml", [".svg"] = "image/svg+xml",
    };

    /// <summary>Null: the ending says nothing.</summary>
    public static string? Of(string name) => ByEnding.GetValueOrDefault(Path.GetExtension(name));

    /// <summary>Whether such a file is text, which every model can be told.</summary>
    public static bool IsText(string mediaType) =>
        mediaType.StartsWith("text/", StringComparison.Ordinal) || mediaType is "application/json" or "application/xml" or "application/yaml"
        || mediaType.EndsWith("+json", StringComparison.Ordinal) || mediaType.EndsWith("+xml", StringComparison.Ordinal);
}
