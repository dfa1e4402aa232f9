using Hydra.Model;

namespace Hydra.Templates;

public interface ITemplateScope
{
    bool TryGet(string name, out Value value);
    IEnumerable<string> Names { get; }
}

public sealed record TemplateOptions
{
    public static TemplateOptions Default { get; } = new();
    public Func<Value, string>? Escape { get; init; }
}

public sealed class Template
{
    public static Template Parse(string text) => throw new NotSupportedException(text);
    public static Template ParseExpression(string text) => throw new NotSupportedException(text);
    public Value Evaluate(ITemplateScope scope, TemplateOptions options) => throw new NotSupportedException();
    public string Render(ITemplateScope scope, TemplateOptions options) => throw new NotSupportedException();
}
