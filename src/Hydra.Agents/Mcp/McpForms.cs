using System.Text.Json;
using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Schemas;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Hydra.Agents.Mcp;

/// <summary>What a server's questions to the user are answered with.</summary>
internal enum McpFormRule : byte { Refuse, Defaults, Ask }

/// <summary>Answers what a server asks the user in the middle of one call.</summary>
/// <param name="answered">What people have said already, in the order in which they were asked; null: nobody can be asked.</param>
internal sealed class McpForms(McpFormRule rule, IReadOnlyList<AnsweredForm>? answered)
{
    private static readonly ElicitResult Declined = new() { Action = "decline" }, Cancelled = new() { Action = "cancel" };

    private readonly List<AnsweredForm> _answered = [.. answered ?? []];

    /// <summary>A form that nobody has answered yet: the server was told that the user has closed it, and the call is made again later; null: there is none.</summary>
    public ToolForm? Open { get; private set; }

    public ElicitResult Answer(ElicitRequestParams? asked)
    {
        // An address to open is never followed, and a second question may not pass where the first one waits.
        if (asked?.RequestedSchema is not { } requested || asked.Mode is not (null or "form")) return Declined;
        if (Open is not null) return Cancelled;
        var schema = Value.ParseJson(JsonSerializer.Serialize(requested, McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(ElicitRequestParams.RequestSchema))));
        if (rule == McpFormRule.Defaults) return WithDefaults(schema.AsObject);
        var form = new ToolForm(asked.Message ?? "", schema);
        if (rule == McpFormRule.Refuse || answered is null || !MayBePutToPeople(form)) return Declined;
        if (_answered.Find(each => each.Form.Sha256 == form.Sha256) is not { } known)
        {
            Open = form;
            return Cancelled;
        }
        _answered.Remove(known);
        return known.Content is null ? Declined : Accepted(known.Content.Where(field => FieldsOf(schema.AsObject).ContainsKey(field.Key)));
    }

    /// <summary>No form asks for a secret: its answer would stand in the journal, and the protocol forbids it.</summary>
    private static bool MayBePutToPeople(ToolForm form)
    {
        var fields = FieldsOf(form.Schema.AsObject);
        if (ValueJson.ToText(form.ToValue()).Length > ToolForm.CharsMax || fields.ContainsKey(ToolForm.Decline)) return false;
        if (fields.Any(field => SecretNames.IsSecret(field.Key) || (field.Value.IsObject && field.Value.AsObject.GetOrNull("title").TextOrNull is { } title && SecretNames.IsSecret(title)))) return false;
        try
        {
            JsonSchema.Compile(form.Schema);
            return true;
        }
        catch (JsonSchemaException)
        {
            return false;   // what cannot be checked cannot be answered
        }
    }

    private static ElicitResult WithDefaults(ValueMap schema)
    {
        var given = FieldsOf(schema).Where(field => field.Value.IsObject && field.Value.AsObject.ContainsKey("default")).Select(field => KeyValuePair.Create(field.Key, field.Value.AsObject["default"])).ToList();
        var required = schema.GetOrNull("required") is { IsList: true } names ? names.Items.Select(name => name.AsText) : [];
        return required.All(name => given.Exists(field => field.Key == name)) ? Accepted(given) : Declined;
    }

    private static ValueMap FieldsOf(ValueMap schema) => schema.GetOrNull("properties") is { IsObject: true } fields ? fields.AsObject : ValueMap.Empty;

    private static ElicitResult Accepted(IEnumerable<KeyValuePair<string, Value>> content) =>
        new() { Action = "accept", Content = content.ToDictionary(field => field.Key, field => JsonElement.Parse(ValueJson.ToUtf8(field.Value)), StringComparer.Ordinal) };
}
