using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Nodes;

/// <summary>
/// Data in which every text is a template, compiled once (<see cref="Shape.Templates"/>, <see cref="Shape.Template"/>).
/// Immutable; safe to share between threads.
/// </summary>
public sealed class CompiledValue
{
    private readonly Value _constant;
    private readonly Template? _template;
    private readonly CompiledValue[]? _items;
    private readonly KeyValuePair<string, CompiledValue>[]? _entries;

    private CompiledValue(Value constant) => _constant = constant;
    private CompiledValue(Template template) => _template = template;
    private CompiledValue(CompiledValue[] items) => _items = items;
    private CompiledValue(KeyValuePair<string, CompiledValue>[] entries) => _entries = entries;

    /// <summary>Nothing: evaluates to null.</summary>
    public static CompiledValue Null { get; } = new(Value.Null);

    /// <summary>The same for any variables: <see cref="Evaluate"/> then allocates nothing.</summary>
    public bool IsConstant => _template is null && _items is null && _entries is null;

    /// <summary>Compiles the data. Throws <see cref="TemplateSyntaxException"/>; checked workflows have none.</summary>
    public static CompiledValue Of(Value data, PlanContext context)
    {
        switch (data.Kind)
        {
            case ValueKind.Null: return Null;
            case ValueKind.Text:
                var template = context.Template(data.AsText);
                return template.IsConstant ? new(template.Evaluate(TemplateScope.Empty, TemplateOptions.Default)) : new(template);
            case ValueKind.List:
                var items = data.Items.Select(item => Of(item, context)).ToArray();
                return Array.TrueForAll(items, item => item.IsConstant) ? new(Value.Of(items.Select(item => item._constant))) : new(items);
            case ValueKind.Object:
                var entries = data.AsObject.Select(pair => KeyValuePair.Create(pair.Key, Of(pair.Value, context))).ToArray();
                return Array.TrueForAll(entries, entry => entry.Value.IsConstant)
                    ? new(Value.Of(ValueMap.Of(entries.Select(entry => KeyValuePair.Create(entry.Key, entry.Value._constant)))))
                    : new(entries);
            default: return new(data);
        }
    }

    /// <summary>The data for these variables; a text that is one <c>{{ expression }}</c> keeps the expression's type. Throws <see cref="TemplateException"/>.</summary>
    public Value Evaluate(ITemplateScope scope, TemplateOptions options)
    {
        if (_template is not null) return _template.Evaluate(scope, options);
        if (_items is not null) return Value.Of(Array.ConvertAll(_items, item => item.Evaluate(scope, options)));
        if (_entries is null) return _constant;
        var map = new ValueMap.Builder();
        foreach (var (key, value) in _entries) map[key] = value.Evaluate(scope, options);
        return map.Build();
    }

    public Value Evaluate(ITemplateScope scope) => Evaluate(scope, TemplateOptions.Default);

    /// <summary>As text: what is not text is written as JSON.</summary>
    public string Render(ITemplateScope scope) => Evaluate(scope).ToDisplayText();
}
