using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>
/// Reads agent files: Markdown whose front matter is YAML with the keys of <see cref="AgentFields"/>, as <c>.claude/agents</c> has
/// them. Tools may be one text with commas there, and keys of other programs are warned of, not refused. Never throws for what a file may hold.
/// </summary>
public static class AgentFileReader
{
    /// <summary>Longest file in bytes.</summary>
    public const int BytesMax = 1_000_000;
    private const string Fence = "---";

    public static AgentFile? ReadFile(string path, ProblemList problems)
    {
        if (!WorkflowFile.TryRead(path, problems, out var bytes)) return null;
        if (bytes.Length > BytesMax)
        {
            problems.Error(ProblemCodes.FileTooLarge, SourcePosition.None, $"the agent file holds {bytes.Length} bytes, and at most {BytesMax} are allowed. Shorten its instructions.");
            return null;
        }
        return YamlText.Decode(bytes, problems) is { } text ? Read(text.Text, path, problems) : null;
    }

    /// <remarks>(1) Part front matter and text. (2) Bind the front matter. (3) Check what an agent needs.</remarks>
    public static AgentFile? Read(string text, string path, ProblemList problems)
    {
        // (1)
        text = text.ReplaceLineEndings("\n");
        var end = text.StartsWith(Fence + "\n", StringComparison.Ordinal) ? text.IndexOf("\n" + Fence, Fence.Length, StringComparison.Ordinal) : -1;
        if (end < 0 || (end + 4 < text.Length && text[end + 4] != '\n'))
        {
            problems.Error(ProblemCodes.NotAnAgent, new(1, 1), "the file is no agent: it does not begin with front matter. Write '---', the keys (name, description, …), '---', and below it the agent's instructions.");
            return null;
        }
        var body = text[Math.Min(text.Length, end + 5)..].Trim();
        if (YamlReader.Read(text[..(end + 1)], problems) is not { } root) return null;
        if (root.Entries is null)
        {
            problems.Error(ProblemCodes.NotAnAgent, new(2, 1), "the front matter holds no keys. Write 'name: …' and 'description: …'.");
            return null;
        }

        // (2)
        var fields = Bind(root, problems);
        if (body.Length > 0 && !fields.ContainsKey("instructions")) fields = fields.With("instructions", body);

        // (3)
        foreach (var needed in new[] { "name", "description", "instructions" })
        {
            if (!fields.ContainsKey(needed) && !problems.HasErrors) problems.Error(ProblemCodes.MissingField, new(1, 1), needed == "instructions" ? "the agent has no instructions. Write them below the front matter." : $"the agent needs the field '{needed}'. Add it to the front matter.");
        }
        var named = Path.GetFileNameWithoutExtension(path);
        if (fields.GetOrNull("name").TextOrNull is { } name && name != named)
            problems.Warning(ProblemCodes.NotAnAgent, root.Get("name")!.At, $"the agent is called '{name}' and its file '{Path.GetFileName(path)}'. It is found by its file's name: rename one of them.");
        return problems.HasErrors ? null : new AgentFile(path, fields.With("name", named));
    }

    private static ValueMap Bind(SourceNode root, ProblemList problems)
    {
        var shapes = new ShapeBinder(problems) { Owner = null };
        var fields = new ValueMap.Builder();
        foreach (var entry in root.Entries!)
        {
            var field = AgentFields.Record.Fields.FirstOrDefault(known => known.Name == entry.Key);
            if (field is null)
            {
                problems.Warning(ProblemCodes.UnknownField, entry.KeyAt, $"agents have no key '{ShapeWords.Clip(entry.Key)}', so it does nothing.{DidYouMean.Hint(entry.Key, AgentFields.Record.Fields.Select(known => known.Name))} Remove it, or leave it to the program it is for.");
                continue;
            }
            var isInherited = entry.Key == "model" && entry.Value.Scalar.TextOrNull == "inherit";   // `.claude/agents`: whatever model asks
            if (isInherited || ShapeBinder.IsUnwritten(field, entry.Value) || !shapes.IsThere(field, entry)) continue;
            if (shapes.TryBind(field.Shape, WithoutCommas(field, entry.Value), entry.Key, out var value)) fields[entry.Key] = value;
        }
        return fields.Build();
    }

    /// <summary><c>tools: Read, Grep</c> is a list.</summary>
    private static SourceNode WithoutCommas(Field field, SourceNode node) =>
        field.Shape is Shape.ListOf && node.IsScalar && node.Scalar.IsText
            ? new SourceNode(node.Scalar.AsText.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(item => new SourceNode(Value.Of(item), node.At)).ToArray(), node.At)
            : node;
}
