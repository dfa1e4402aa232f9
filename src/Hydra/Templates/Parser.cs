using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Reads statements: the tags of a template and the text between them. Expressions are in the other half of the class.</summary>
internal sealed partial class Parser(SourceText source, List<Token> tokens)
{
    private static readonly Dictionary<string, string> Unsupported = new(StringComparer.Ordinal)
    {
        ["macro"] = "Use {% set name %}…{% endset %} for text that comes twice.",
        ["call"] = "Write the text where it is needed.",
        ["include"] = "Pass the text in as an input.",
        ["import"] = "Pass the values in as inputs.",
        ["from"] = "Pass the values in as inputs.",
        ["extends"] = "Write the whole text in one template.",
        ["block"] = "Write the text where it is needed.",
        ["do"] = "Use {% set name = … %}: values do not change, they are replaced.",
        ["autoescape"] = "Use the filter |escape where HTML needs it.",
        ["trans"] = "Write the text in the language you want.",
        ["break"] = "Choose the items in the loop's head: {% for x in items if … %}.",
        ["continue"] = "Choose the items in the loop's head: {% for x in items if … %}.",
    };

    private static readonly string[] Tags = ["if", "for", "set", "with", "filter", "raw"];

    private readonly NameTable _names = new();
    private readonly References _references = new();
    private readonly List<int> _loops = [];
    private int _next;
    private int _depth;

    public int LocalCount => _names.Count;
    public int LoopCount { get; private set; }
    public IReadOnlyList<TemplateReference> FinishReferences() => _references.Finish(source);

    public Statement[] ParseTemplate()
    {
        var body = ParseBody();
        if (Current.Kind == TokenKind.TagBegin) throw UnexpectedTag();
        return body;
    }

    public Expression ParseBareExpression()
    {
        if (Current.Kind == TokenKind.End) throw Error(Current, "The expression is empty.");
        var expression = ParseTuple();
        if (Current.Kind != TokenKind.End) throw Unexpected("the end of the expression");
        return expression;
    }

    private Token Current => tokens[_next];
    private Token After => tokens[Math.Min(_next + 1, tokens.Count - 1)];

    /// <summary>Statements up to the end, or up to a tag that ends or parts a block (left unread).</summary>
    private Statement[] ParseBody()
    {
        var body = new List<Statement>();
        while (true)
        {
            switch (Current.Kind)
            {
                case TokenKind.Text:
                    body.Add(new TextStatement(Take().Text));
                    break;
                case TokenKind.OutputBegin:
                    if (After.Kind == TokenKind.OutputEnd) throw Error(Current, "There is no expression between '{{' and '}}'.");
                    Take();
                    body.Add(new OutputStatement(ParseTuple()));
                    if (Current.Kind != TokenKind.OutputEnd) throw Unexpected("'}}'");
                    Take();
                    break;
                case TokenKind.TagBegin when IsPartOrEnd(After): return [.. body];
                case TokenKind.TagBegin: body.Add(ParseTag()); break;
                default: return [.. body];
            }
        }
    }

    private static bool IsPartOrEnd(Token tag) => tag.Kind == TokenKind.Name && tag.Text is "else" or "elif" or "endif" or "endfor" or "endset" or "endwith" or "endfilter";

    private Statement ParseTag()
    {
        Enter(Take());
        var tag = Current;
        if (tag.Kind != TokenKind.Name) throw Unexpected("the name of a tag");
        Take();
        Statement statement = tag.Text switch
        {
            "if" => ParseIf(tag),
            "for" => ParseFor(tag),
            "set" => ParseSet(tag),
            "with" => ParseWith(tag),
            "filter" => ParseFilterBlock(tag),
            _ => throw UnknownTag(tag),
        };
        _depth--;
        return statement;
    }

    private TemplateSyntaxException UnknownTag(Token tag)
    {
        if (Unsupported.TryGetValue(tag.Text, out var mend)) return Error(tag, $"The tag '{tag.Text}' is not supported. {mend}");
        return Error(tag, $"There is no tag '{tag.Text}'.{Nearest.Hint(tag.Text, Tags)} The tags are {string.Join(", ", Tags)}.");
    }

    private TemplateSyntaxException UnexpectedTag() => After.Text is "else" or "elif"
        ? Error(Current, $"'{After.Text}' stands outside of an 'if' or 'for'.")
        : Error(Current, $"'{After.Text}' ends nothing: no block of that kind is open.");

    private IfStatement ParseIf(Token tag)
    {
        var branches = new List<(Expression, Statement[])>();
        var provedByEarlier = new List<ReferenceDraft>();
        Statement[] otherwise = [];
        while (true)
        {
            var start = _references.Count;
            var condition = ParseTuple(withCondition: false);
            EndTag();
            var bodyStart = _references.Count;
            var body = ParseBody();
            _references.Guard(bodyStart, _references.Count, condition, isTrue: true);
            _references.Guard(start, _references.Count, provedByEarlier);
            provedByEarlier.AddRange(References.ProofsOf(condition, isTrue: false));
            branches.Add((condition, body));
            if (TakeTag("elif")) continue;
            if (TakeTag("else"))
            {
                EndTag();
                start = _references.Count;
                otherwise = ParseBody();
                _references.Guard(start, _references.Count, provedByEarlier);
            }
            EndBlock("endif", tag);
            return new IfStatement([.. branches], otherwise);
        }
    }

    private ForStatement ParseFor(Token tag)
    {
        var names = ParseTargetNames();
        if (!Current.Is(TokenKind.Name, "in")) throw Unexpected("'in'");
        Take();
        var items = ParseTuple(withCondition: false);
        var firstSlot = _names.Count;
        _names.Open();
        var target = Bind(names);
        var condition = TryTake(TokenKind.Name, "if") ? ParseExpression() : null;
        if (Current.Is(TokenKind.Name, "recursive")) throw Error(Current, "'recursive' loops are not supported. Write one loop for each level.");
        EndTag();
        var loop = LoopCount++;
        _loops.Add(loop);
        var start = _references.Count;
        var body = ParseBody();
        if (condition is not null) _references.Guard(start, _references.Count, condition, isTrue: true);
        _loops.RemoveAt(_loops.Count - 1);
        _names.Close();
        var slots = firstSlot.._names.Count;
        Statement[] otherwise = [];
        if (TakeTag("else"))
        {
            EndTag();
            _names.Open();
            otherwise = ParseBody();
            _names.Close();
        }
        EndBlock("endfor", tag);
        return new ForStatement(target, items, condition, body, otherwise, loop, slots, tag.Position);
    }

    private Statement ParseSet(Token tag)
    {
        var names = ParseTargetNames();
        if (TryTake(TokenKind.Operator, "="))
        {
            var value = ParseTuple();
            EndTag();
            var target = Bind(names);
            if (value is DictExpression && target.Slot >= 0 && target.Field is null && _lastNamespace == value) _names.MarkNamespace(target.Slot);
            return new SetStatement(target, value);
        }
        if (names.Parts.Count > 0) throw Unexpected("'='");
        var input = new FilterInput(tag.Position, _names.DeclareHidden());
        var filtered = ParseFilters(input);
        if (Current.Kind != TokenKind.TagEnd) throw Unexpected("'=' or '%}'");
        EndTag();
        _names.Open();
        var body = ParseBody();
        _names.Close();
        EndBlock("endset", tag);
        return new SetBlockStatement(Bind(names), body, input, filtered);
    }

    private WithStatement ParseWith(Token tag)
    {
        var assignments = new List<(TargetNames Names, Expression Value)>();
        while (Current.Kind != TokenKind.TagEnd)
        {
            if (assignments.Count > 0 && !TryTake(TokenKind.Operator, ",")) throw Unexpected("',' or '%}'");
            var names = ParseTargetName();
            if (!TryTake(TokenKind.Operator, "=")) throw Unexpected("'='");
            assignments.Add((names, ParseExpression()));
        }
        EndTag();
        var firstSlot = _names.Count;
        _names.Open();
        var bound = assignments.ConvertAll(assignment => (Bind(assignment.Names), assignment.Value));
        var body = ParseBody();
        _names.Close();
        EndBlock("endwith", tag);
        return new WithStatement([.. bound], body, firstSlot.._names.Count);
    }

    private FilterStatement ParseFilterBlock(Token tag)
    {
        var input = new FilterInput(tag.Position, _names.DeclareHidden());
        var filtered = ParseFilters(ParseFilter(input));
        EndTag();
        _names.Open();
        var body = ParseBody();
        _names.Close();
        EndBlock("endfilter", tag);
        return new FilterStatement(body, input, filtered);
    }

    /// <summary>Names on the left of an assignment, not yet bound: the right side must not see them.</summary>
    private sealed record TargetNames(string Name, int Position)
    {
        public string? Field { get; init; }
        public List<TargetNames> Parts { get; init; } = [];
    }

    private TargetNames ParseTargetNames()
    {
        var first = ParseTargetName();
        if (!Current.Is(TokenKind.Operator, ",")) return first;
        var parts = new List<TargetNames> { first };
        while (TryTake(TokenKind.Operator, ","))
        {
            if (Current.Kind != TokenKind.Name && !Current.Is(TokenKind.Operator, "(")) break;
            if (Current.Is(TokenKind.Name, "in")) break;
            parts.Add(ParseTargetName());
        }
        return new TargetNames("", first.Position) { Parts = parts };
    }

    private TargetNames ParseTargetName()
    {
        if (Current.Is(TokenKind.Operator, "("))
        {
            Enter(Take());
            var inner = ParseTargetNames();
            if (!TryTake(TokenKind.Operator, ")")) throw Unexpected("')'");
            _depth--;
            return inner;
        }
        if (Current.Kind != TokenKind.Name) throw Unexpected("a name");
        var name = Take();
        if (IsReserved(name.Text)) throw Error(name, $"'{name.Text}' belongs to the template language and cannot be a variable. Choose another name.");
        if (!TryTake(TokenKind.Operator, ".")) return new TargetNames(name.Text, name.Position);
        if (Current.Kind != TokenKind.Name) throw Unexpected("the name of a field");
        return new TargetNames(name.Text, name.Position) { Field = Take().Text };
    }

    private static bool IsReserved(string name) =>
        name is "loop" or "true" or "false" or "none" or "True" or "False" or "None" or "and" or "or" or "not" or "in" or "is" or "if" or "else";

    private Target Bind(TargetNames names)
    {
        if (names.Parts.Count > 0) return new Target(names.Position) { Parts = [.. names.Parts.Select(Bind)] };
        if (names.Field is null) return new Target(names.Position) { Slot = _names.Declare(names.Name) };
        var slot = _names.FindNamespace(names.Name);
        if (slot < 0)
        {
            throw source.SyntaxError(names.Position, $"Only a field of a namespace can be set. Write {{% set {names.Name} = namespace({names.Field}=…) %}} before the loop.");
        }
        return new Target(names.Position) { Slot = slot, Field = names.Field };
    }

    private bool TakeTag(string name)
    {
        if (Current.Kind != TokenKind.TagBegin || !After.Is(TokenKind.Name, name)) return false;
        _next += 2;
        return true;
    }

    private void EndTag()
    {
        if (Current.Kind != TokenKind.TagEnd) throw Unexpected("'%}'");
        Take();
    }

    private void EndBlock(string name, Token opener)
    {
        if (TakeTag(name))
        {
            // {% endset x %} and the like: Jinja2 allows no name here either.
            EndTag();
            return;
        }
        var (line, _) = source.PlaceOf(opener.Position);
        if (Current.Kind == TokenKind.TagBegin) throw Error(Current, $"'{After.Text}' stands where the '{opener.Text}' of line {line} must end first. Add {{% {name} %}}.");
        throw source.SyntaxError(opener.Position, $"The '{opener.Text}' that begins here has no end. Add {{% {name} %}}.");
    }

    private Token Take() => tokens[_next < tokens.Count - 1 ? _next++ : _next];

    private bool TryTake(TokenKind kind, string text)
    {
        if (!Current.Is(kind, text)) return false;
        Take();
        return true;
    }

    private void Enter(Token at)
    {
        if (++_depth > TemplateOptions.NestingDepthMax) throw Error(at, $"The template is nested deeper than {TemplateOptions.NestingDepthMax} levels. Split it with {{% set %}}.");
    }

    private TemplateSyntaxException Error(Token at, string message) => source.SyntaxError(at.Position, message);

    private TemplateSyntaxException Unexpected(string wanted)
    {
        var hint = Current.Is(TokenKind.Operator, "=") ? " To compare, write '=='." : "";
        return Error(Current, $"{wanted} is expected here, not {Current}.{hint}");
    }
}
