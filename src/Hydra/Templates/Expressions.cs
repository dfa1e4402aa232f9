using Hydra.Model;

namespace Hydra.Templates;

/// <summary>A node of the compiled tree: immutable, so that one template serves many threads.</summary>
internal abstract class Expression
{
    protected Expression(int position, params ReadOnlySpan<Expression?> children)
    {
        Position = position;
        foreach (var child in children) Depth = Math.Max(Depth, child?.Depth ?? 0);
        Depth++;
    }

    public int Position { get; }
    /// <summary>Levels of the tree below and with this node.</summary>
    public int Depth { get; protected set; }
    /// <summary>The variable and constant path this node reads, while it is exactly that.</summary>
    public ReferenceDraft? Reference { get; set; }

    /// <summary>The value; having none is an error.</summary>
    public abstract Value Evaluate(Evaluation evaluation);

    /// <summary>False when the expression is undefined, as far as that is allowed to be asked.</summary>
    public virtual bool TryEvaluate(Evaluation evaluation, out Value value)
    {
        value = Evaluate(evaluation);
        return true;
    }

    /// <summary>What a message calls this expression.</summary>
    public virtual string Describe() => "the value";
}

/// <summary>An expression that may have no value.</summary>
internal abstract class PartialExpression(int position, params ReadOnlySpan<Expression?> children) : Expression(position, children)
{
    public abstract override bool TryEvaluate(Evaluation evaluation, out Value value);

    public sealed override Value Evaluate(Evaluation evaluation) =>
        TryEvaluate(evaluation, out var value) ? value : throw Undefined(evaluation.At(Position));

    protected abstract TemplateException Undefined(Evaluation evaluation);
}

internal sealed class ConstantExpression(int position, Value value) : Expression(position)
{
    public Value Value { get; } = value;
    public override Value Evaluate(Evaluation evaluation) => Value;
}

/// <param name="slots">Places of the template's own variables of that name, innermost first; empty for a free name.</param>
internal sealed class NameExpression(int position, string name, int[] slots) : PartialExpression(position)
{
    public string Name { get; } = name;

    public override bool TryEvaluate(Evaluation evaluation, out Value value)
    {
        foreach (var slot in slots)
        {
            ref var local = ref evaluation.Locals[slot];
            if (!local.IsSet) continue;
            value = local.Value;
            return true;
        }
        return evaluation.Scope.TryGet(Name, out value);
    }

    public override string Describe() => $"'{Name}'";

    protected override TemplateException Undefined(Evaluation evaluation) => evaluation.Fail(
        TemplateErrorKind.Undefined, $"'{Name}' is not defined.{Nearest.Hint(Name, evaluation.Scope.Names)}", Name);
}

/// <summary>The variable <c>loop</c> as a whole: a copy of where the loop stands.</summary>
internal sealed class LoopExpression(int position, int loop) : Expression(position)
{
    public static readonly string[] Attributes =
        ["index", "index0", "first", "last", "length", "revindex", "revindex0", "depth", "depth0", "previtem", "nextitem"];

    public int Loop => loop;

    public override Value Evaluate(Evaluation evaluation)
    {
        var map = new ValueMap.Builder();
        foreach (var name in Attributes)
        {
            if (TryRead(evaluation, name, out var value)) map[name] = value;
        }
        return Value.Of(map.Build());
    }

    public bool TryRead(Evaluation evaluation, string name, out Value value)
    {
        ref var state = ref evaluation.Loops[loop];
        var (index, length) = (state.Index, state.Items.Length);
        switch (name)
        {
            case "index": value = index + 1; return true;
            case "index0": value = index; return true;
            case "first": value = index == 0; return true;
            case "last": value = index == length - 1; return true;
            case "length": value = length; return true;
            case "revindex": value = length - index; return true;
            case "revindex0": value = length - index - 1; return true;
            case "depth": value = 1; return true;
            case "depth0": value = 0; return true;
            case "previtem" when index > 0: value = state.Items[index - 1]; return true;
            case "nextitem" when index < length - 1: value = state.Items[index + 1]; return true;
            default: value = default; return false;
        }
    }

    public override string Describe() => "'loop'";
}

/// <summary><c>loop.cycle(a, b)</c>: the argument whose turn it is.</summary>
internal sealed class CycleExpression(int position, int loop, Expression[] items) : Expression(position, items)
{
    public override Value Evaluate(Evaluation evaluation) => items[evaluation.Loops[loop].Index % items.Length].Evaluate(evaluation);
}

internal sealed class AttributeExpression(Expression target, string name, int position) : PartialExpression(position, target)
{
    public Expression Target => target;
    public string Name => name;

    public override bool TryEvaluate(Evaluation evaluation, out Value value)
    {
        if (target is LoopExpression loop) return loop.TryRead(evaluation, name, out value);
        return Items.TryGet(target.Evaluate(evaluation), name, out value);
    }

    public override string Describe() => Reference is null ? $"'{name}'" : $"'{Reference}'";

    protected override TemplateException Undefined(Evaluation evaluation) => evaluation.Fail(
        TemplateErrorKind.Undefined, Items.WhyMissing(Describe(), target.Evaluate(evaluation), name));
}

internal sealed class IndexExpression(Expression target, Expression index, int position) : PartialExpression(position, target, index)
{
    public override bool TryEvaluate(Evaluation evaluation, out Value value) =>
        Items.TryGet(target.Evaluate(evaluation), index.Evaluate(evaluation), out value);

    public override string Describe() => Reference is null ? "the item" : $"'{Reference}'";

    protected override TemplateException Undefined(Evaluation evaluation) => evaluation.Fail(
        TemplateErrorKind.Undefined, Items.WhyMissing(Describe(), target.Evaluate(evaluation), index.Evaluate(evaluation)));
}

internal sealed class SliceExpression(Expression target, Expression? start, Expression? stop, Expression? step, int position)
    : Expression(position, target, start, stop, step)
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var items = target.Evaluate(evaluation);
        var (from, to, by) = (Bound(evaluation, start), Bound(evaluation, stop), Bound(evaluation, step));
        return Items.Slice(evaluation.At(Position), items, from, to, by);
    }

    private long? Bound(Evaluation evaluation, Expression? bound)
    {
        if (bound is null) return null;
        var value = bound.Evaluate(evaluation);
        if (value.IsNull) return null;
        return Operators.TryInteger(value, out var number) ? number : throw evaluation.At(Position).WrongType("The parts of a slice must be whole numbers.");
    }
}

internal sealed class ListExpression(Expression[] items, int position) : Expression(position, items)
{
    public override Value Evaluate(Evaluation evaluation)
    {
        if (items.Length == 0) return Value.EmptyList;
        evaluation.At(Position).ChargeList(items.Length);
        var values = new Value[items.Length];
        for (var i = 0; i < values.Length; i++) values[i] = items[i].Evaluate(evaluation);
        return Value.Of(values);
    }
}

internal sealed class ObjectExpression(Expression[] keys, Expression[] values, int position) : Expression(position, [.. keys, .. values])
{
    public override Value Evaluate(Evaluation evaluation)
    {
        evaluation.At(Position).ChargeList(keys.Length);
        var map = new ValueMap.Builder();
        for (var i = 0; i < keys.Length; i++)
        {
            var key = keys[i].Evaluate(evaluation);
            map[Items.KeyOf(evaluation.At(Position), key)] = values[i].Evaluate(evaluation);
        }
        return Value.Of(map.Build());
    }
}

internal sealed class NotExpression(Expression operand, int position) : Expression(position, operand)
{
    public Expression Operand => operand;
    public override Value Evaluate(Evaluation evaluation) => !Operators.IsTruthy(operand.Evaluate(evaluation));
}

/// <summary><c>and</c>, <c>or</c>: gives the operand that decided, as Python does.</summary>
internal sealed class LogicExpression(Expression left, Expression right, bool isAnd, int position) : Expression(position, left, right)
{
    public Expression Left => left;
    public Expression Right => right;
    public bool IsAnd => isAnd;

    public override Value Evaluate(Evaluation evaluation)
    {
        var first = left.Evaluate(evaluation.At(Position));
        return Operators.IsTruthy(first) == isAnd ? right.Evaluate(evaluation) : first;
    }
}

/// <summary><c>a if c else b</c>. Without <c>else</c> a false condition gives empty text, or nothing where that is asked for.</summary>
internal sealed class ConditionalExpression(Expression condition, Expression then, Expression? otherwise, int position)
    : Expression(position, condition, then, otherwise)
{
    public override Value Evaluate(Evaluation evaluation)
    {
        if (Operators.IsTruthy(condition.Evaluate(evaluation.At(Position)))) return then.Evaluate(evaluation);
        return otherwise?.Evaluate(evaluation) ?? Value.EmptyText;
    }

    public override bool TryEvaluate(Evaluation evaluation, out Value value)
    {
        if (Operators.IsTruthy(condition.Evaluate(evaluation.At(Position)))) return then.TryEvaluate(evaluation, out value);
        if (otherwise is not null) return otherwise.TryEvaluate(evaluation, out value);
        value = default;
        return false;
    }
}

internal enum ArithmeticOperator : byte { Add, Subtract, Multiply, Divide, FloorDivide, Remainder, Power }

internal sealed class ArithmeticExpression(Expression left, Expression right, ArithmeticOperator op, int position) : Expression(position, left, right)
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var (first, second) = (left.Evaluate(evaluation), right.Evaluate(evaluation));
        return Operators.Apply(evaluation.At(Position), op, first, second);
    }
}

internal sealed class SignExpression(Expression operand, bool isNegative, int position) : Expression(position, operand)
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var value = operand.Evaluate(evaluation);
        return Operators.Sign(evaluation.At(Position), value, isNegative);
    }
}

/// <summary><c>a ~ b ~ c</c>: all as text, joined.</summary>
internal sealed class ConcatExpression(Expression[] parts, int position) : Expression(position, parts)
{
    public override Value Evaluate(Evaluation evaluation)
    {
        evaluation.At(Position);
        var text = new OutputText(evaluation);
        foreach (var part in parts) text.Append(part.Evaluate(evaluation));
        return text.Finish();
    }
}

internal enum Comparison : byte { Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, In, NotIn }

/// <summary><c>a &lt; b &lt;= c</c>: each neighbour pair compared, ending at the first that is false.</summary>
internal sealed class CompareExpression(Expression first, Comparison[] comparisons, Expression[] others, int position)
    : Expression(position, [first, .. others])
{
    public override Value Evaluate(Evaluation evaluation)
    {
        var left = first.Evaluate(evaluation);
        for (var i = 0; i < comparisons.Length; i++)
        {
            var right = others[i].Evaluate(evaluation);
            if (!Operators.Compare(evaluation.At(Position), comparisons[i], left, right)) return Value.False;
            left = right;
        }
        return Value.True;
    }
}
