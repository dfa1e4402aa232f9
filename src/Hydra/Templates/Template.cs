using Hydra.Model;

namespace Hydra.Templates;

/// <summary>
/// A Jinja template or expression, compiled once. Immutable and safe to share between threads; evaluation reads the given variables
/// and nothing else. <c>docs/templates.md</c> says what is supported and where it differs from Jinja2.
/// </summary>
public sealed class Template
{
    private readonly string? _text;
    private Parsed? _parsed;

    private Template(string text) => _text = text;
    private Template(SourceText source, Statement[] body, Parser parser) => _parsed = new Parsed(source, body, parser);

    /// <summary>The template as it was read: line ends are <c>\n</c>, and one line end at its end is gone, as in Jinja2.</summary>
    public string Source => Known.Source.Text;

    /// <summary>The template is plain text: it gives the same for any variables.</summary>
    public bool IsConstant => Known.Constant is not null;

    /// <summary>The template is exactly one <c>{{ expression }}</c>, so that <see cref="Evaluate"/> keeps the expression's type.</summary>
    public bool IsExpression => Known.Expression is not null;

    /// <summary>Each use of a variable that the template does not bind itself, in the order of the text.</summary>
    public IReadOnlyList<TemplateReference> References => Known.References;

    /// <summary>Two threads that come first at once compile the same twice.</summary>
    private Parsed Known => _parsed ??= Compile(_text!);

    /// <summary>Compiles a template. Throws <see cref="TemplateSyntaxException"/>.</summary>
    public static Template Parse(string text)
    {
        var template = Later(text);
        _ = template.Known;
        return template;
    }

    /// <summary>A template that is compiled at its first use; for checked texts, since that use throws what <see cref="Parse"/> would.</summary>
    public static Template Later(string text) => new(text);

    private static Parsed Compile(string text)
    {
        var source = Read(text);
        var parser = new Parser(source, Lexer.Template(source));
        return new Parsed(source, parser.ParseTemplate(), parser);
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
        var known = Known;
        if (known.Constant is not null) return known.Constant;
        if (known.Expression is null || options.Escape is not null) return Render(scope, options);
        var evaluation = known.Begin(scope, options);
        return evaluation.Settle(known.Expression.Evaluate(evaluation.At(known.Expression.Position)));
    }

    /// <summary>The text for these variables; what is not text is written as JSON. Throws <see cref="TemplateException"/>.</summary>
    public string Render(ITemplateScope scope, TemplateOptions options)
    {
        var known = Known;
        if (known.Constant is not null) return known.Constant;
        var evaluation = known.Begin(scope, options);
        var output = new OutputText(evaluation);
        foreach (var statement in known.Body) statement.Write(evaluation, output);
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

    private sealed class Parsed(SourceText source, Statement[] body, Parser parser)
    {
        private readonly int _localCount = parser.LocalCount;
        private readonly int _loopCount = parser.LoopCount;

        public SourceText Source { get; } = source;
        public Statement[] Body { get; } = body;
        public IReadOnlyList<TemplateReference> References { get; } = parser.FinishReferences();
        public Expression? Expression { get; } = body is [OutputStatement output] ? output.Expression : null;
        public string? Constant { get; } = body switch
        {
            [] => "",
            [TextStatement text] => text.Text,
            _ => null,
        };

        public Evaluation Begin(ITemplateScope scope, TemplateOptions options) => new(Source, scope, options, _localCount, _loopCount);
    }
}
