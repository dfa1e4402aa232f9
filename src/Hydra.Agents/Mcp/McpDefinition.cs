using System.Text;
using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Mcp;

/// <summary>A tool as its server describes it. All of it is data from outside: bounded, and never more than told to the model as such.</summary>
/// <param name="Value">Name, description, schemas and hints, as they were sent; what a pin holds.</param>
internal sealed record McpDefinition(Value Value)
{
    /// <summary>Most tools of one server.</summary>
    public const int CountMax = 256;
    /// <summary>Longest definition in bytes of JSON.</summary>
    public const int BytesMax = 64 * 1024;
    /// <summary>Longest description that a model is told, in characters.</summary>
    public const int DescriptionCharsMax = 1_024;

    private ValueMap Map => Value.AsObject;
    public string Name => Map["name"].AsText;
    public string Hash => StepKey.Of(Value);

    /// <summary>What the model calls it: <c>server__tool</c>, with <c>_</c> for whatever providers do not take in names.</summary>
    public static string ToldName(string server, string tool)
    {
        var told = new StringBuilder(server).Append("__");
        foreach (var letter in tool) told.Append(char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' ? letter : '_');
        return told.Length <= 64 ? told.ToString() : $"{told.ToString(0, 55)}_{StepKey.Of(tool)[..8]}";
    }

    /// <param name="declared">The entry of <c>tools</c> for this tool; empty: none.</param>
    public ToolFacts FactsFor(McpServerSpec server, ValueMap declared)
    {
        var effect = server.TrustsHints && Hint("readOnlyHint") ? EffectClass.Pure
            : server.TrustsHints && Hint("idempotentHint") ? EffectClass.Idempotent
            : EffectClass.Irreversible;
        var said = Map.GetOrNull("description").TextOrNull ?? "";
        var facts = new ToolFacts
        {
            Name = ToldName(server.Name, Name),
            Description = $"[tool '{Excerpt.Of(Name)}' of the MCP server '{server.Name}'; what it says of itself:] {Told(said)}",
            Arguments = Map["inputSchema"],
            Output = Map.TryGetValue("outputSchema", out var output) ? output : (Value?)null,
            Effect = effect,
            Risk = effect == EffectClass.Pure ? ToolRisk.Low : ToolRisk.High,
        };
        return ToolBox.Narrow(facts, declared);
    }

    private bool Hint(string name) => Map.GetOrNull("annotations") is { IsObject: true } hints && hints.AsObject.GetOrNull(name) is { Kind: ValueKind.Boolean, AsBoolean: true };

    /// <summary>Without control and direction characters, which hide text from people, and no longer than it should be.</summary>
    private static string Told(string said)
    {
        var told = new StringBuilder();
        foreach (var rune in said.EnumerateRunes())
        {
            if (told.Length >= DescriptionCharsMax) return told.Append("… [cut here]").ToString();
            if (Rune.GetUnicodeCategory(rune) is not (System.Globalization.UnicodeCategory.Control or System.Globalization.UnicodeCategory.Format) || rune.Value is '\n' or '\t') told.Append(rune.ToString());
        }
        return told.ToString();
    }
}
