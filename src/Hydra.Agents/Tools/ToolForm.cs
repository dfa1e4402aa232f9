using Hydra.Model;

namespace Hydra.Agents.Tools;

/// <summary>What a tool asks the user in the middle of a call: the call ends there, and is made anew with the answer.</summary>
/// <param name="Message">The tool's words.</param>
/// <param name="Schema">JSON Schema of the answer, an object.</param>
internal sealed record ToolForm(string Message, Value Schema)
{
    /// <summary>Most forms of one call.</summary>
    public const int CountMax = 8;
    /// <summary>Longest form, as characters of its JSON.</summary>
    public const int CharsMax = 16_000;
    /// <summary>How a person declines.</summary>
    public const string Decline = "decline";
    private const string MessageKey = "form_message", SchemaKey = "form_schema";

    public string Sha256 => StepKey.Of(ToValue());

    /// <summary>As the call's step keeps it.</summary>
    public Value ToValue() => ValueMap.Of((MessageKey, Message), (SchemaKey, Schema));

    public static ToolForm? Read(Value kept) =>
        kept is { IsObject: true } && kept.AsObject is { Count: 2 } map && map.GetOrNull(MessageKey).TextOrNull is { } message && map.GetOrNull(SchemaKey) is { IsObject: true } schema ? new ToolForm(message, schema) : null;
}

/// <summary>A form with what a person said to it.</summary>
/// <param name="Content">Null: they declined, or nobody answered in time.</param>
internal sealed record AnsweredForm(ToolForm Form, ValueMap? Content)
{
    public Value ToValue() => ValueMap.Of(("form", Form.Sha256), ("answer", Content is null ? Value.Null : Value.Of(Content)));
}
