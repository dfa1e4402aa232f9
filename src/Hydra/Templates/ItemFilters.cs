using Hydra.Model;

namespace Hydra.Templates;

/// <summary>The filters that apply another filter or test to each item.</summary>
internal static class ItemFilters
{
    public static readonly string[] Names = ["map", "select", "reject", "selectattr", "rejectattr"];
}

/// <summary><c>|map('upper')</c>.</summary>
internal sealed class MapFilterExpression(Expression input, Filter filter, Arguments arguments, int position)
    : Expression(position, [input, .. arguments.Expressions])
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var source = input.Evaluate(evaluation);
        var with = arguments.Evaluate(evaluation);
        var items = Items.Enumerate(evaluation.At(Position), source);
        var mapped = new Value[items.Length];
        for (var i = 0; i < items.Length; i++)
        {
            evaluation.Charge(1);
            evaluation.UndefinedBecause = null;
            mapped[i] = filter.Body(evaluation, items[i], with);
            if (evaluation.UndefinedBecause is { } because) throw evaluation.Fail(TemplateErrorKind.Undefined, $"|map('{filter.Name}') gives nothing for item {i}: {because}");
        }
        return Value.Of(mapped);
    }
}

/// <summary><c>|map(attribute='name', default='')</c>.</summary>
internal sealed class MapAttributeExpression(Expression input, Expression[] arguments, bool hasDefault, int position)
    : Expression(position, [input, .. arguments])
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var source = input.Evaluate(evaluation);
        var (attribute, otherwise) = (arguments[0].Evaluate(evaluation), arguments[1].Evaluate(evaluation));
        var items = Items.Enumerate(evaluation.At(Position), source);
        if (!attribute.IsText && attribute.Kind != ValueKind.Integer) throw evaluation.WrongType("The attribute of |map is named by text or by a whole number.");
        var mapped = new Value[items.Length];
        for (var i = 0; i < items.Length; i++)
        {
            evaluation.Charge(1);
            if (hasDefault && !ListFilters.TryRead(items[i], attribute, out _)) mapped[i] = otherwise;
            else mapped[i] = ListFilters.ReadOrFail(evaluation, items[i], attribute);
        }
        return Value.Of(mapped);
    }
}

/// <summary><c>|select('odd')</c>, <c>|rejectattr('score', 'lt', 3)</c>; without a test, by truth.</summary>
internal sealed class SelectExpression(Expression input, Expression? path, Test? test, Arguments arguments, bool keepsTrue, int position)
    : Expression(position, [input, path, .. arguments.Expressions])
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var source = input.Evaluate(evaluation);
        var attribute = path?.Evaluate(evaluation) ?? Value.Null;
        var with = arguments.Evaluate(evaluation);
        var kept = new List<Value>();
        foreach (var item in Items.Enumerate(evaluation.At(Position), source))
        {
            evaluation.Charge(1);
            var tested = ListFilters.ReadOrFail(evaluation, item, attribute);
            if ((test?.Body(evaluation, tested, with) ?? Operators.IsTruthy(tested)) == keepsTrue) kept.Add(item);
        }
        return Value.Of(kept.ToArray());
    }
}

/// <summary><c>|selectattr('score', 'defined')</c>.</summary>
internal sealed class SelectDefinedExpression(Expression input, Expression? path, bool keepsDefined, int position) : Expression(position, input, path)
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var source = input.Evaluate(evaluation);
        var attribute = path?.Evaluate(evaluation) ?? Value.Null;
        var kept = new List<Value>();
        var items = Items.Enumerate(evaluation.At(Position), source);
        if (!attribute.IsNull && !attribute.IsText && attribute.Kind != ValueKind.Integer) throw evaluation.WrongType("An attribute is named by text or by a whole number.");
        foreach (var item in items)
        {
            evaluation.Charge(1);
            if (ListFilters.TryRead(item, attribute, out _) == keepsDefined) kept.Add(item);
        }
        return Value.Of(kept.ToArray());
    }
}
