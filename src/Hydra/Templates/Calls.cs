using Hydra.Model;

namespace Hydra.Templates;

/// <summary>A parameter of a filter, test or function.</summary>
internal sealed record Parameter(string Name, Value? Default = null);

internal delegate Value FilterBody(Evaluation evaluation, Value input, ReadOnlySpan<Value> arguments);
internal delegate bool TestBody(Evaluation evaluation, Value input, ReadOnlySpan<Value> arguments);

internal sealed record Filter(string Name, Parameter[] Parameters, FilterBody Body);
internal sealed record Test(string Name, Parameter[] Parameters, TestBody Body);

/// <summary>The arguments of a call, in the order of the parameters; those that are constant are evaluated once.</summary>
internal sealed class Arguments
{
    public static readonly Arguments None = new([]);

    private readonly Expression[] _expressions;
    private readonly Value[]? _constants;

    public Arguments(Expression[] expressions)
    {
        _expressions = expressions;
        if (!Array.TrueForAll(expressions, expression => expression is ConstantExpression)) return;
        _constants = Array.ConvertAll(expressions, expression => ((ConstantExpression)expression).Value);
    }

    public Expression[] Expressions => _expressions;

    public Value[] Evaluate(Evaluation evaluation)
    {
        if (_constants is not null) return _constants;
        var values = new Value[_expressions.Length];
        for (var i = 0; i < values.Length; i++) values[i] = _expressions[i].Evaluate(evaluation);
        return values;
    }
}

internal sealed class FilterExpression(Expression input, Filter filter, Arguments arguments, int position)
    : PartialExpression(position, [input, .. arguments.Expressions])
{
    public override bool TryEvaluate(Evaluation evaluation, out Value value)
    {
        var from = input.Evaluate(evaluation);
        var with = arguments.Evaluate(evaluation);
        evaluation.UndefinedBecause = null;
        value = filter.Body(evaluation.At(Position), from, with);
        return evaluation.UndefinedBecause is null;
    }

    protected override TemplateException Undefined(Evaluation evaluation) => evaluation.Fail(
        TemplateErrorKind.Undefined, $"|{filter.Name} gives nothing: {evaluation.UndefinedBecause} Add |default(…).");
}

/// <summary><c>x|default(y)</c>, with <c>true</c> as second argument also for falsy values.</summary>
internal sealed class DefaultExpression(Expression input, Expression otherwise, Expression forFalsy, int position)
    : PartialExpression(position, input, otherwise, forFalsy)
{
    public override bool TryEvaluate(Evaluation evaluation, out Value value)
    {
        var isDefined = input.TryEvaluate(evaluation.At(Position), out value);
        if (isDefined && (Operators.IsTruthy(value) || !Operators.IsTruthy(forFalsy.Evaluate(evaluation)))) return true;
        return otherwise.TryEvaluate(evaluation, out value);
    }

    protected override TemplateException Undefined(Evaluation evaluation)
    {
        otherwise.Evaluate(evaluation);
        return evaluation.Fail(TemplateErrorKind.Undefined, "The default is not defined.");
    }
}

/// <summary><c>x is defined</c> and its opposite.</summary>
internal sealed class DefinedExpression(Expression operand, bool isDefined, int position) : Expression(position, operand)
{
    public Expression Operand => operand;
    public bool IsDefined => isDefined;
    public override Value Evaluate(Evaluation evaluation) => operand.TryEvaluate(evaluation.At(Position), out _) == isDefined;
}

internal sealed class TestExpression(Expression operand, Test test, Arguments arguments, int position)
    : Expression(position, [operand, .. arguments.Expressions])
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var value = operand.Evaluate(evaluation);
        var with = arguments.Evaluate(evaluation);
        return test.Body(evaluation.At(Position), value, with);
    }
}

/// <summary><c>x.strip()</c>: a method that the template language itself knows, by the kind of its target.</summary>
internal sealed class MethodExpression(Expression target, string name, Arguments arguments, int position)
    : Expression(position, [target, .. arguments.Expressions])
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var value = target.Evaluate(evaluation);
        var with = arguments.Evaluate(evaluation);
        return Methods.Call(evaluation.At(Position), value, name, with);
    }
}

/// <summary><c>range(…)</c>.</summary>
internal sealed class RangeExpression(Arguments arguments, int position) : Expression(position, arguments.Expressions)
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var values = arguments.Evaluate(evaluation);
        evaluation.At(Position);
        var numbers = new long[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (!Operators.TryInteger(values[i], out numbers[i])) throw evaluation.WrongType($"range() needs whole numbers, and here stands {Operators.NameOf(values[i])}.");
        }
        var (start, stop, step) = (numbers.Length == 1 ? 0 : numbers[0], numbers.Length == 1 ? numbers[0] : numbers[1], numbers.Length == 3 ? numbers[2] : 1);
        if (step == 0) throw evaluation.BadValue("The step of range() must not be 0.");
        var distance = step > 0 ? (Int128)stop - start : (Int128)start - stop;
        var size = step > 0 ? (Int128)step : -(Int128)step;
        var count = distance <= 0 ? 0 : ((distance - 1) / size) + 1;
        if (count > evaluation.Options.RangeLengthMax) throw evaluation.Limit($"range() would give more than {evaluation.Options.RangeLengthMax:N0} numbers.");
        evaluation.ChargeList((long)count);
        var items = new Value[(int)count];
        for (var i = 0; i < items.Length; i++) items[i] = start + (i * step);
        return Value.Of(items);
    }
}

/// <summary><c>dict(a=1)</c> and <c>namespace(a=1)</c>: named arguments as an object, upon the entries of a first one.</summary>
internal sealed class DictExpression(Expression? from, string[] names, Expression[] values, int position) : Expression(position, [from, .. values])
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var map = new ValueMap.Builder();
        if (from is not null)
        {
            var first = from.Evaluate(evaluation);
            evaluation.At(Position);
            if (first.IsObject)
            {
                evaluation.ChargeList(first.AsObject.Count);
                foreach (var (key, value) in first.AsObject.Pairs) map[key] = value;
            }
            else
            {
                foreach (var pair in Items.Enumerate(evaluation, first))
                {
                    if (!pair.IsList || pair.AsList.Length != 2) throw evaluation.WrongType("dict() needs an object or a list of pairs.");
                    map[Items.KeyOf(evaluation, pair.AsList[0])] = pair.AsList[1];
                }
            }
        }
        for (var i = 0; i < names.Length; i++) map[names[i]] = values[i].Evaluate(evaluation.At(Position));
        return Value.Of(map.Build());
    }
}
