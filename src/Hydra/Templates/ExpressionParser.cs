using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Reads expressions with Jinja2's precedences, lowest first.</summary>
internal sealed partial class Parser
{
    private Expression? _lastNamespace;

    /// <summary>An expression, or several with commas between: a list.</summary>
    private Expression ParseTuple(bool withCondition = true)
    {
        var first = withCondition ? ParseExpression() : ParseOr();
        if (!Current.Is(TokenKind.Operator, ",")) return first;
        var items = new List<Expression> { first };
        while (TryTake(TokenKind.Operator, ","))
        {
            if (Current.Kind is TokenKind.OutputEnd or TokenKind.TagEnd or TokenKind.End || Current.Is(TokenKind.Operator, ")")) break;
            items.Add(withCondition ? ParseExpression() : ParseOr());
        }
        return new ListExpression([.. items], first.Position);
    }

    private Expression ParseExpression()
    {
        Enter(Current);
        var start = _references.Count;
        var value = ParseOr();
        while (Current.Is(TokenKind.Name, "if"))
        {
            var position = Take().Position;
            var end = _references.Count;
            var condition = ParseOr();
            _references.Guard(start, end, condition, isTrue: true);
            var elseStart = _references.Count;
            var otherwise = TryTake(TokenKind.Name, "else") ? ParseExpression() : null;
            _references.Guard(elseStart, _references.Count, condition, isTrue: false);
            value = Bounded(new ConditionalExpression(condition, value, otherwise, position));
        }
        _depth--;
        return Bounded(value);
    }

    private Expression ParseOr()
    {
        var left = ParseAnd();
        while (Current.Is(TokenKind.Name, "or")) left = ParseLogicRight(left, isAnd: false);
        return left;
    }

    private Expression ParseAnd()
    {
        var left = ParseNot();
        while (Current.Is(TokenKind.Name, "and")) left = ParseLogicRight(left, isAnd: true);
        return left;
    }

    private Expression ParseLogicRight(Expression left, bool isAnd)
    {
        var position = Take().Position;
        var start = _references.Count;
        var right = isAnd ? ParseNot() : ParseAnd();
        _references.Guard(start, _references.Count, left, isTrue: isAnd);
        return Bounded(new LogicExpression(left, right, isAnd, position));
    }

    private Expression ParseNot()
    {
        if (!Current.Is(TokenKind.Name, "not")) return ParseCompare();
        var token = Take();
        Enter(token);
        var operand = ParseNot();
        _depth--;
        return new NotExpression(operand, token.Position);
    }

    private Expression ParseCompare()
    {
        var first = ParseSum();
        List<Comparison>? comparisons = null;
        List<Expression>? others = null;
        var position = Current.Position;
        while (TryTakeComparison(out var comparison))
        {
            (comparisons ??= []).Add(comparison);
            (others ??= []).Add(ParseSum());
        }
        return comparisons is null ? first : Bounded(new CompareExpression(first, [.. comparisons], [.. others!], position));
    }

    private bool TryTakeComparison(out Comparison comparison)
    {
        comparison = default;
        if (Current.Kind == TokenKind.Name)
        {
            if (Current.Text == "in") comparison = Comparison.In;
            else if (Current.Text == "not" && After.Is(TokenKind.Name, "in")) comparison = Comparison.NotIn;
            else return false;
            _next += comparison == Comparison.In ? 1 : 2;
            return true;
        }
        if (Current.Kind != TokenKind.Operator) return false;
        switch (Current.Text)
        {
            case "==": comparison = Comparison.Equal; break;
            case "!=": comparison = Comparison.NotEqual; break;
            case "<": comparison = Comparison.Less; break;
            case "<=": comparison = Comparison.LessOrEqual; break;
            case ">": comparison = Comparison.Greater; break;
            case ">=": comparison = Comparison.GreaterOrEqual; break;
            default: return false;
        }
        Take();
        return true;
    }

    private Expression ParseSum()
    {
        var left = ParseConcat();
        while (Current.Kind == TokenKind.Operator && Current.Text is "+" or "-")
        {
            var token = Take();
            left = Bounded(new ArithmeticExpression(left, ParseConcat(), token.Text == "+" ? ArithmeticOperator.Add : ArithmeticOperator.Subtract, token.Position));
        }
        return left;
    }

    private Expression ParseConcat()
    {
        var first = ParseProduct();
        if (!Current.Is(TokenKind.Operator, "~")) return first;
        var position = Current.Position;
        var parts = new List<Expression> { first };
        while (TryTake(TokenKind.Operator, "~")) parts.Add(ParseProduct());
        return Bounded(new ConcatExpression([.. parts], position));
    }

    private Expression ParseProduct()
    {
        var left = ParsePower();
        while (Current.Kind == TokenKind.Operator && Current.Text is "*" or "/" or "//" or "%")
        {
            var token = Take();
            var op = token.Text switch
            {
                "*" => ArithmeticOperator.Multiply,
                "/" => ArithmeticOperator.Divide,
                "//" => ArithmeticOperator.FloorDivide,
                _ => ArithmeticOperator.Remainder,
            };
            left = Bounded(new ArithmeticExpression(left, ParsePower(), op, token.Position));
        }
        return left;
    }

    /// <summary>Left to right, as Jinja2 does and Python does not: 2 ** 3 ** 2 is 64.</summary>
    private Expression ParsePower()
    {
        var left = ParseUnary(withFilters: true);
        while (Current.Is(TokenKind.Operator, "**"))
        {
            var position = Take().Position;
            left = Bounded(new ArithmeticExpression(left, ParseUnary(withFilters: true), ArithmeticOperator.Power, position));
        }
        return left;
    }

    private Expression ParseUnary(bool withFilters)
    {
        Expression expression;
        if (Current.Kind == TokenKind.Operator && Current.Text is "-" or "+")
        {
            var token = Take();
            Enter(token);
            expression = new SignExpression(ParseUnary(withFilters: false), token.Text == "-", token.Position);
            _depth--;
        }
        else
        {
            expression = ParsePrimary();
        }
        expression = ParsePostfix(expression);
        return withFilters ? ParseFilters(expression) : expression;
    }

    private Expression ParsePrimary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name: return ParseName();
            case TokenKind.Integer or TokenKind.Number:
                Take();
                return new ConstantExpression(token.Position, token.Value);
            case TokenKind.String: return ParseText();
            case TokenKind.Operator when token.Text == "(": return ParseParentheses();
            case TokenKind.Operator when token.Text == "[": return ParseList();
            case TokenKind.Operator when token.Text == "{": return ParseObject();
            default: throw Unexpected("a value");
        }
    }

    private Expression ParseName()
    {
        var token = Current;
        switch (token.Text)
        {
            case "true" or "True": Take(); return new ConstantExpression(token.Position, true);
            case "false" or "False": Take(); return new ConstantExpression(token.Position, false);
            case "none" or "None": Take(); return new ConstantExpression(token.Position, Value.Null);
            case "loop" when _loops.Count > 0: Take(); return new LoopExpression(token.Position, _loops[^1]);
            case "and" or "or" or "not" or "in" or "is" or "if" or "else": throw Unexpected("a value");
        }
        Take();
        if (Current.Is(TokenKind.Operator, "(")) return ParseFunction(token);
        var slots = _names.Find(token.Text);
        return new NameExpression(token.Position, token.Text, slots)
        {
            Reference = slots.Length == 0 ? _references.Add(token.Text, token.Position) : null,
        };
    }

    private ConstantExpression ParseText()
    {
        var first = Take();
        if (Current.Kind != TokenKind.String) return new ConstantExpression(first.Position, first.Text);
        var text = new System.Text.StringBuilder(first.Text);
        while (Current.Kind == TokenKind.String) text.Append(Take().Text);
        return new ConstantExpression(first.Position, text.ToString());
    }

    private Expression ParseParentheses()
    {
        var open = Take();
        Enter(open);
        var inner = Current.Is(TokenKind.Operator, ")") ? new ListExpression([], open.Position) : ParseTuple();
        if (!TryTake(TokenKind.Operator, ")")) throw Unexpected("')'");
        _depth--;
        return inner;
    }

    private ListExpression ParseList()
    {
        var open = Take();
        Enter(open);
        var items = new List<Expression>();
        while (!TryTake(TokenKind.Operator, "]"))
        {
            if (items.Count > 0)
            {
                if (!TryTake(TokenKind.Operator, ",")) throw Unexpected("',' or ']'");
                if (TryTake(TokenKind.Operator, "]")) break;
            }
            items.Add(ParseExpression());
        }
        _depth--;
        return new ListExpression([.. items], open.Position);
    }

    private ObjectExpression ParseObject()
    {
        var open = Take();
        Enter(open);
        var keys = new List<Expression>();
        var values = new List<Expression>();
        while (!TryTake(TokenKind.Operator, "}"))
        {
            if (keys.Count > 0)
            {
                if (!TryTake(TokenKind.Operator, ",")) throw Unexpected("',' or '}'");
                if (TryTake(TokenKind.Operator, "}")) break;
            }
            keys.Add(ParseExpression());
            if (!TryTake(TokenKind.Operator, ":")) throw Unexpected("':'");
            values.Add(ParseExpression());
        }
        _depth--;
        return new ObjectExpression([.. keys], [.. values], open.Position);
    }

    private Expression ParsePostfix(Expression expression)
    {
        while (Current.Kind == TokenKind.Operator)
        {
            if (Current.Text == ".") expression = Bounded(ParseAttribute(expression));
            else if (Current.Text == "[") expression = Bounded(ParseSubscript(expression));
            else if (Current.Text == "(") throw Error(Current, "Only the functions range, dict and namespace and the methods of values can be called.");
            else break;
        }
        return expression;
    }

    private Expression ParseAttribute(Expression target)
    {
        Take();
        var token = Take();
        if (token.Kind == TokenKind.Integer) return Grown(target, new IndexExpression(target, new ConstantExpression(token.Position, token.Value), token.Position), token.Text);
        if (token.Kind != TokenKind.Name) throw Error(token, $"A name is expected after '.', not {token}.");
        if (Current.Is(TokenKind.Operator, "(")) return ParseMethod(target, token);
        if (target is LoopExpression && !LoopExpression.Attributes.Contains(token.Text, StringComparer.Ordinal))
        {
            throw Error(token, $"'loop' has no '{token.Text}'.{Nearest.Hint(token.Text, LoopExpression.Attributes)} It has {string.Join(", ", LoopExpression.Attributes)} and cycle().");
        }
        return Grown(target, new AttributeExpression(target, token.Text, token.Position), token.Text);
    }

    /// <summary>Moves the reference from the inner node to the one that reads further.</summary>
    private static Expression Grown(Expression from, Expression to, string key)
    {
        if (from.Reference is not { CanGrow: true } reference) return to;
        reference.Path.Add(key);
        to.Reference = reference;
        from.Reference = null;
        return to;
    }

    private Expression ParseSubscript(Expression target)
    {
        var open = Take();
        Enter(open);
        Expression? start = Current.Is(TokenKind.Operator, ":") ? null : ParseExpression();
        Expression result;
        if (TryTake(TokenKind.Operator, ":"))
        {
            var stop = Current.Kind == TokenKind.Operator && Current.Text is ":" or "]" ? null : ParseExpression();
            var step = TryTake(TokenKind.Operator, ":") && !Current.Is(TokenKind.Operator, "]") ? ParseExpression() : null;
            result = new SliceExpression(target, start, stop, step, open.Position);
        }
        else
        {
            var index = start!;
            result = new IndexExpression(target, index, open.Position);
            if (index is ConstantExpression { Value.Kind: ValueKind.Text or ValueKind.Integer } constant) Grown(target, result, constant.Value.ToDisplayText());
        }
        if (!TryTake(TokenKind.Operator, "]")) throw Unexpected("']'");
        _depth--;
        return result;
    }

    private Expression ParseFilters(Expression expression)
    {
        while (true)
        {
            if (TryTake(TokenKind.Operator, "|")) expression = Bounded(ParseFilter(expression));
            else if (Current.Is(TokenKind.Name, "is")) expression = Bounded(ParseTest(expression));
            else if (Current.Is(TokenKind.Operator, "(")) throw Error(Current, "Only the functions range, dict and namespace and the methods of values can be called.");
            else return expression;
        }
    }

    private T Bounded<T>(T expression) where T : Expression
    {
        if (expression.Depth > TemplateOptions.ChainLengthMax)
        {
            throw source.SyntaxError(expression.Position, $"The expression has more than {TemplateOptions.ChainLengthMax} steps in a row. Split it with {{% set %}}.");
        }
        return expression;
    }
}
