using Hydra.Model;

namespace Hydra.Templates;

/// <summary>
/// A Jinja template or expression, compiled once. Immutable and safe to share between threads; evaluation reads the given variables
/// and nothing else. <c>docs/templates.md</c> says what is supported and where it differs from Jinja2.
/// </summary>
public sealed class Template
{
    private readonly SourceText _source;
    private readonly Statement[] _body;
    private readonly Expression? _expression;
    private readonly string? _constant;
    private readonly int _localCount;
    private readonly int _loopCount;

    private Template(SourceText source, Statement[] body, Parser parser)
    {
        _source = source;
        _body = body;
        _localCount = parser.LocalCount;
        _loopCount = parser.LoopCount;
        References = parser.FinishReferences();
        _expression = body is [OutputStatement output] ? output.Expression : null;
        _constant = body switch
        {
            [] => "",
            [TextStatement text] => text.Text,
            _ => null,
        };
    }

    /// <summary>The template as it was read: line ends are <c>\n</c>, and one line end at its end is gone, as in Jinja2.</summary>
    public string Source => _source.Text;

    /// <summary>The template is plain text: it gives the same for any variables.</summary>
    public bool IsConstant => _constant is not null;

    /// <summary>The template is exactly one <c>{{ expression }}</c>, so that <see cref="Evaluate"/> keeps the expression's type.</summary>
    public bool IsExpression => _expression is not null;

    /// <summary>Each use of a variable that the template does not bind itself, in the order of the text.</summary>
    public IReadOnlyList<TemplateReference> References { get; }

    /// <summary>Compiles a template. Throws <see cref="TemplateSyntaxException"/>.</summary>
    public static Template Parse(string text)
    {
        var source = Read(text);
        var parser = new Parser(source, Lexer.Template(source));
        return new Template(source, parser.ParseTemplate(), parser);
    }

    /// <summary>Compiles an expression, bare or in <c>{{ }}</c>. Throws <see cref="TemplateSyntaxException"/>, also for text around the braces.</summary>
    public static Template ParseExpression(string text)
    {
        var source = Read(text);
        if (source.Text.AsSpan().TrimStart().StartsWith("{{"))
        {
            // Blanks around the braces would make it text.
            var start = source.Text.Length - source.Text.AsSpan().TrimStart().Length;
            var tokens = Lexer.Template(source);
            tokens.RemoveAll(token => token.Kind == TokenKind.Text && string.IsNullOrWhiteSpace(token.Text));
            var parser = new Parser(source, tokens);
            var body = parser.ParseTemplate();
            return body is [OutputStatement] ? new Template(source, body, parser)
                : throw source.SyntaxError(start, "One expression is expected here, and nothing around its braces.");
        }
        if (source.Text.Contains("{%") && source.Text.AsSpan().TrimStart().StartsWith("{%"))
        {
            throw source.SyntaxError(0, "One expression is expected here, not a tag. Use 'a if condition else b' to choose.");
        }
        var bare = new Parser(source, Lexer.Expression(source));
        var expression = bare.ParseBareExpression();
        return new Template(source, [new OutputStatement(expression)], bare);
    }

    /// <summary>
    /// The value for these variables: of the expression's own type when the template is exactly one expression, else text.
    /// Throws <see cref="TemplateException"/>.
    /// </summary>
    public Value Evaluate(ITemplateScope scope, TemplateOptions options)
    {
        if (_constant is not null) return _constant;
        if (_expression is null || options.Escape is not null) return Render(scope, options);
        var evaluation = new Evaluation(_source, scope, options, _localCount, _loopCount);
        return evaluation.Settle(_expression.Evaluate(evaluation.At(_expression.Position)));
    }

    /// <summary>The text for these variables; what is not text is written as JSON. Throws <see cref="TemplateException"/>.</summary>
    public string Render(ITemplateScope scope, TemplateOptions options)
    {
        if (_constant is not null) return _constant;
        var evaluation = new Evaluation(_source, scope, options, _localCount, _loopCount);
        var output = new OutputText(evaluation);
        foreach (var statement in _body) statement.Write(evaluation, output);
        return output.Finish();
    }

    /// <summary>What <c>if</c> makes of a value: null, false, 0 and whatever is empty are false.</summary>
    public static bool IsTruthy(Value value) => Operators.IsTruthy(value);

    private static SourceText Read(string text)
    {
        if (text.Length > TemplateOptions.TemplateLengthMax)
        {
            throw new TemplateSyntaxException($"The template has more than {TemplateOptions.TemplateLengthMax:N0} characters. Pass large texts in as inputs.", 1, 1);
        }
        if (text.Contains('\r')) text = text.Replace("\r\n", "\n").Replace('\r', '\n');
        return new SourceText(text.EndsWith('\n') ? text[..^1] : text);
    }
}
