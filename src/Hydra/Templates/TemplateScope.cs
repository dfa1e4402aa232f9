using Hydra.Model;

namespace Hydra.Templates;

/// <summary>The variables a template may see. Called on the evaluating thread; values may be made when asked for.</summary>
public interface ITemplateScope
{
    /// <summary>False when the name has no value: the template then fails, unless it asks <c>is defined</c> or gives a default.</summary>
    bool TryGet(string name, out Value value);
    /// <summary>Names to propose when a template misspells one; may be empty. Read only when an error is written.</summary>
    IEnumerable<string> Names => [];
}

/// <summary>Variables held in memory.</summary>
public sealed class TemplateScope : ITemplateScope
{
    private readonly IReadOnlyDictionary<string, Value> _values;

    /// <summary>The dictionary is kept, not copied: it must not change during an evaluation.</summary>
    public TemplateScope(IReadOnlyDictionary<string, Value> values) => _values = values;

    public static TemplateScope Empty { get; } = new(ValueMap.Empty);

    public static TemplateScope Of(params ReadOnlySpan<(string Name, Value Value)> values) => new(ValueMap.Of(values));

    public IEnumerable<string> Names => _values.Keys;

    public bool TryGet(string name, out Value value) => _values.TryGetValue(name, out value);
}
