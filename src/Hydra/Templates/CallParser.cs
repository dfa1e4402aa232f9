using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Reads calls of filters, tests, methods and functions, and fits their arguments to the parameters.</summary>
internal sealed partial class Parser
{
    private static readonly string[] Functions = ["range", "dict", "namespace"];

    private sealed record NamedArgument(string Name, Expression Value, int Position);

    private sealed record CallArguments(List<Expression> Positional, List<NamedArgument> Named)
    {
        public static CallArguments Empty => new([], []);
    }

    private CallArguments ParseArguments()
    {
        var arguments = CallArguments.Empty;
        if (!Current.Is(TokenKind.Operator, "(")) return arguments;
        Enter(Take());
        var isFirst = true;
        while (!TryTake(TokenKind.Operator, ")"))
        {
            if (!isFirst)
            {
                if (!TryTake(TokenKind.Operator, ",")) throw Unexpected("',' or ')'");
                if (TryTake(TokenKind.Operator, ")")) break;
            }
            isFirst = false;
            if (Current.Kind == TokenKind.Operator && Current.Text is "*" or "**") throw Error(Current, "Arguments cannot be unpacked with '*'. Write them one by one.");
            if (Current.Kind == TokenKind.Name && After.Is(TokenKind.Operator, "="))
            {
                var name = Take();
                Take();
                arguments.Named.Add(new NamedArgument(name.Text, ParseExpression(), name.Position));
                continue;
            }
            if (arguments.Named.Count > 0) throw Error(Current, "An argument without a name cannot follow one with a name.");
            arguments.Positional.Add(ParseExpression());
        }
        _depth--;
        return arguments;
    }

    /// <summary>Arguments in the order of the parameters, defaults filled in.</summary>
    private Arguments Fit(string what, Token at, Parameter[] parameters, CallArguments given)
    {
        var takes = parameters.Length == 0 ? "takes no arguments" : $"takes {string.Join(", ", parameters.Select(parameter => parameter.Name))}";
        if (given.Positional.Count > parameters.Length) throw Error(at, $"{what} {takes}, and {given.Positional.Count} are given.");
        if (parameters.Length == 0 && given.Named.Count == 0) return Arguments.None;
        var fitted = new Expression?[parameters.Length];
        for (var i = 0; i < given.Positional.Count; i++) fitted[i] = given.Positional[i];
        foreach (var named in given.Named)
        {
            var index = Array.FindIndex(parameters, parameter => parameter.Name == named.Name);
            if (index < 0) throw source.SyntaxError(named.Position, $"{what} has no argument '{named.Name}': it {takes}.");
            if (fitted[index] is not null) throw source.SyntaxError(named.Position, $"The argument '{named.Name}' of {what} is given twice.");
            fitted[index] = named.Value;
        }
        for (var i = 0; i < fitted.Length; i++)
        {
            fitted[i] ??= new ConstantExpression(at.Position, parameters[i].Default ?? throw Error(at, $"{what} needs the argument '{parameters[i].Name}'."));
        }
        return new Arguments(fitted!);
    }

    private Expression ParseFilter(Expression input)
    {
        var name = Current;
        if (name.Kind != TokenKind.Name) throw Unexpected("the name of a filter");
        Take();
        if (name.Text is "default" or "d") return ParseDefault(input, name);
        if (ItemFilters.Names.Contains(name.Text, StringComparer.Ordinal)) return ParseItemFilter(input, name);
        var filter = FindFilter(name);
        var arguments = ParseArguments();
        if (filter.Name == "format") return new FilterExpression(input, filter, FormatArguments(arguments, name), name.Position);
        return new FilterExpression(input, filter, Fit($"|{name.Text}", name, filter.Parameters, arguments), name.Position);
    }

    private Filter FindFilter(Token name)
    {
        if (Filters.TryFind(name.Text, out var filter)) return filter;
        throw source.SyntaxError(name.Position, $"There is no filter '{name.Text}'.{Nearest.Hint(name.Text, Filters.Names)}");
    }

    /// <summary>All positional arguments as one list, all named ones as one object.</summary>
    private static Arguments FormatArguments(CallArguments given, Token at) => new(
    [
        new ListExpression([.. given.Positional], at.Position),
        new DictExpression(null, [.. given.Named.Select(named => named.Name)], [.. given.Named.Select(named => named.Value)], at.Position),
    ]);

    private DefaultExpression ParseDefault(Expression input, Token name)
    {
        var fitted = Fit("|default", name, [new("default_value", ""), new("boolean", false)], ParseArguments()).Expressions;
        input.Reference?.Guard();
        return new DefaultExpression(input, fitted[0], fitted[1], name.Position);
    }

    private Expression ParseItemFilter(Expression input, Token name)
    {
        var given = ParseArguments();
        var isMap = name.Text == "map";
        if (isMap && given.Positional.Count == 0)
        {
            var fitted = Fit("|map", name, [new("attribute"), new("default", Value.Null)], given).Expressions;
            var hasDefault = given.Named.Exists(named => named.Name == "default");
            return new MapAttributeExpression(input, fitted, hasDefault, name.Position);
        }
        var byAttribute = name.Text is "selectattr" or "rejectattr";
        Expression? path = null;
        if (byAttribute)
        {
            if (given.Positional.Count == 0) throw Error(name, $"|{name.Text} needs the name of an attribute: |{name.Text}('score').");
            path = given.Positional[0];
            given.Positional.RemoveAt(0);
        }
        Token? inner = given.Positional.Count == 0 ? null : NameIn(given, name);
        if (isMap)
        {
            if (inner is not { } filterName) throw Error(name, "|map needs a filter or an attribute: |map('upper') or |map(attribute='name').");
            var filter = FindFilter(filterName);
            return new MapFilterExpression(input, filter, Fit($"|{filterName.Text}", filterName, filter.Parameters, given), name.Position);
        }
        var keepsTrue = name.Text is "select" or "selectattr";
        if (inner is not { } testName) return new SelectExpression(input, path, null, Arguments.None, keepsTrue, name.Position);
        if (testName.Text is "defined" or "undefined")
        {
            return new SelectDefinedExpression(input, path, keepsTrue == (testName.Text == "defined"), name.Position);
        }
        var test = FindTest(testName);
        return new SelectExpression(input, path, test, Fit($"the test '{testName.Text}'", testName, test.Parameters, given), keepsTrue, name.Position);
    }

    /// <summary>The first argument as the name of a filter or test; taken from the arguments.</summary>
    private Token NameIn(CallArguments given, Token caller)
    {
        var first = given.Positional[0];
        if (first is not ConstantExpression { Value.IsText: true } constant) throw source.SyntaxError(first.Position, $"|{caller.Text} needs a name written as text here, such as |{caller.Text}('{(caller.Text == "map" ? "upper" : "odd")}').");
        given.Positional.RemoveAt(0);
        return new Token(TokenKind.Name, constant.Value.AsText, first.Position);
    }

    private Test FindTest(Token name)
    {
        if (Tests.TryFind(name.Text, out var test)) return test;
        throw source.SyntaxError(name.Position, $"There is no test '{name.Text}'.{Nearest.Hint(name.Text, Tests.Names)}");
    }

    private Expression ParseTest(Expression operand)
    {
        Take();
        var isNegated = TryTake(TokenKind.Name, "not");
        var name = Current;
        if (name.Kind != TokenKind.Name) throw Unexpected("the name of a test");
        Take();
        Expression result;
        if (name.Text is "defined" or "undefined")
        {
            ParseArguments();
            operand.Reference?.Guard();
            result = new DefinedExpression(operand, name.Text == "defined", name.Position);
        }
        else
        {
            var test = FindTest(name);
            var given = Current.Is(TokenKind.Operator, "(") ? ParseArguments() : CallArguments.Empty;
            if (given.Positional.Count == 0 && StartsArgument())
            {
                given.Positional.Add(ParsePostfix(ParsePrimary()));
            }
            result = new TestExpression(operand, test, Fit($"the test '{name.Text}'", name, test.Parameters, given), name.Position);
        }
        return isNegated ? new NotExpression(result, name.Position) : result;
    }

    private bool StartsArgument()
    {
        if (Current.Is(TokenKind.Name, "is")) throw Error(Current, "Tests cannot follow each other. Join them with 'and'.");
        return Current.Kind switch
        {
            TokenKind.Name => Current.Text is not ("else" or "or" or "and" or "if" or "in" or "not"),
            TokenKind.String or TokenKind.Integer or TokenKind.Number => true,
            TokenKind.Operator => Current.Text is "[" or "{",
            _ => false,
        };
    }

    private Expression ParseMethod(Expression target, Token name)
    {
        var given = ParseArguments();
        target.Reference = null;
        if (target is LoopExpression loop)
        {
            if (name.Text == "cycle" && given.Positional.Count > 0) return new CycleExpression(name.Position, loop.Loop, [.. given.Positional]);
            throw Error(name, $"'loop' has no method '{name.Text}', only cycle(a, b, …).");
        }
        if (given.Named.Count > 0) throw source.SyntaxError(given.Named[0].Position, $"The method '{name.Text}' takes its arguments without names.");
        if (!Methods.Exists(name.Text)) throw Error(name, Methods.WhyNone(name.Text));
        return new MethodExpression(target, name.Text, new Arguments([.. given.Positional]), name.Position);
    }

    private Expression ParseFunction(Token name)
    {
        var given = ParseArguments();
        switch (name.Text)
        {
            case "range":
                if (given.Named.Count > 0 || given.Positional.Count is 0 or > 3) throw Error(name, "range() takes one to three numbers: start, stop, step.");
                return new RangeExpression(new Arguments([.. given.Positional]), name.Position);
            case "dict" or "namespace":
                if (given.Positional.Count > 1) throw Error(name, $"{name.Text}() takes named values: {name.Text}(a=1, b=2).");
                var map = new DictExpression(given.Positional.Count == 0 ? null : given.Positional[0],
                    [.. given.Named.Select(named => named.Name)], [.. given.Named.Select(named => named.Value)], name.Position);
                if (name.Text == "namespace") _lastNamespace = map;
                return map;
            default:
                var mend = Filters.TryFind(name.Text, out _) ? $" It is a filter: write value|{name.Text}." : Nearest.Hint(name.Text, Functions);
                throw Error(name, $"There is no function '{name.Text}'.{mend} The functions are {string.Join(", ", Functions)}.");
        }
    }
}
