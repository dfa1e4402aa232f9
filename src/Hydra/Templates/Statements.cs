using Hydra.Model;

namespace Hydra.Templates;

internal abstract class Statement
{
    public abstract void Write(Evaluation evaluation, OutputText output);

    /// <summary>Runs statements with their text kept aside; it is not escaped until it is written out.</summary>
    public static string Capture(Evaluation evaluation, Statement[] body)
    {
        var wasCapturing = evaluation.IsCapturing;
        evaluation.IsCapturing = true;
        var text = new OutputText(evaluation);
        foreach (var statement in body) statement.Write(evaluation, text);
        evaluation.IsCapturing = wasCapturing;
        return text.Finish();
    }

    protected static void WriteValue(Evaluation evaluation, OutputText output, Value value)
    {
        if (evaluation.Options.Escape is { } escape && !evaluation.IsCapturing) output.Append(escape(value));
        else output.Append(value);
    }
}

internal sealed class TextStatement(string text) : Statement
{
    public string Text => text;
    public override void Write(Evaluation evaluation, OutputText output) => output.Append(text);
}

internal sealed class OutputStatement(Expression expression) : Statement
{
    public Expression Expression => expression;

    public override void Write(Evaluation evaluation, OutputText output) =>
        WriteValue(evaluation, output, expression.Evaluate(evaluation.At(expression.Position)));
}

internal sealed class IfStatement((Expression Condition, Statement[] Body)[] branches, Statement[] otherwise) : Statement
{
    public override void Write(Evaluation evaluation, OutputText output)
    {
        foreach (var (condition, body) in branches)
        {
            if (!Operators.IsTruthy(condition.Evaluate(evaluation.At(condition.Position)))) continue;
            foreach (var statement in body) statement.Write(evaluation, output);
            return;
        }
        foreach (var statement in otherwise) statement.Write(evaluation, output);
    }
}

/// <summary>Where a value goes: one variable, a field of a namespace, or several variables at once.</summary>
internal sealed class Target(int position)
{
    public int Slot { get; init; } = -1;
    public string? Field { get; init; }
    public Target[] Parts { get; init; } = [];

    public void Assign(Evaluation evaluation, Value value)
    {
        if (Parts.Length > 0)
        {
            Unpack(evaluation, value);
            return;
        }
        ref var local = ref evaluation.Locals[Slot];
        if (Field is not null)
        {
            if (!local.Value.IsObject) throw evaluation.At(position).WrongType($"The field '{Field}' can be set on a namespace only, and the variable holds {Operators.NameOf(local.Value)}.");
            evaluation.At(position).ChargeList(local.Value.AsObject.Count);
            value = Value.Of(local.Value.AsObject.With(Field, value));
        }
        evaluation.Settle(value);
        (local.IsSet, local.Value) = (true, value);
    }

    private void Unpack(Evaluation evaluation, Value value)
    {
        evaluation.At(position);
        if (!value.IsList)
        {
            throw evaluation.WrongType($"{Operators.NameOf(value)} cannot be taken apart into {Parts.Length} names. To loop over the keys and values of an object, write .items() behind it.");
        }
        var items = value.AsList;
        if (items.Length != Parts.Length) throw evaluation.BadValue($"{items.Length} values cannot be given to {Parts.Length} names.");
        for (var i = 0; i < Parts.Length; i++) Parts[i].Assign(evaluation, items[i]);
    }
}

/// <param name="slots">The variables of the loop and its body: unset again before each turn.</param>
internal sealed class ForStatement(
    Target target, Expression items, Expression? condition, Statement[] body, Statement[] otherwise, int loop, Range slots, int position) : Statement
{
    public override void Write(Evaluation evaluation, OutputText output)
    {
        var source = items.Evaluate(evaluation.At(position));
        var turns = Items.Enumerate(evaluation.At(position), source);
        if (condition is not null) turns = Choose(evaluation, turns, condition);
        if (turns.Length == 0)
        {
            foreach (var statement in otherwise) statement.Write(evaluation, output);
            return;
        }
        var outer = evaluation.Loops[loop];
        for (var i = 0; i < turns.Length; i++)
        {
            evaluation.At(position);
            evaluation.Loops[loop] = new Evaluation.Loop { Items = turns, Index = i };
            evaluation.Locals.AsSpan(slots).Clear();
            target.Assign(evaluation, turns[i]);
            foreach (var statement in body) statement.Write(evaluation, output);
        }
        evaluation.Loops[loop] = outer;
    }

    private Value[] Choose(Evaluation evaluation, Value[] turns, Expression test)
    {
        var chosen = new List<Value>();
        foreach (var turn in turns)
        {
            evaluation.At(position);
            target.Assign(evaluation, turn);
            if (Operators.IsTruthy(test.Evaluate(evaluation))) chosen.Add(turn);
        }
        return [.. chosen];
    }
}

internal sealed class SetStatement(Target target, Expression value) : Statement
{
    public override void Write(Evaluation evaluation, OutputText output) =>
        target.Assign(evaluation, value.Evaluate(evaluation.At(value.Position)));
}

/// <summary><c>{% set x %}…{% endset %}</c>, with filters applied to the captured text.</summary>
internal sealed class SetBlockStatement(Target target, Statement[] body, FilterInput input, Expression value) : Statement
{
    public override void Write(Evaluation evaluation, OutputText output) =>
        target.Assign(evaluation, input.Apply(evaluation, Capture(evaluation, body), value));
}

/// <summary><c>{% filter upper %}…{% endfilter %}</c>.</summary>
internal sealed class FilterStatement(Statement[] body, FilterInput input, Expression value) : Statement
{
    public override void Write(Evaluation evaluation, OutputText output) =>
        WriteValue(evaluation, output, input.Apply(evaluation, Capture(evaluation, body), value));
}

/// <summary>The captured text as the expression that a block's filters start from.</summary>
internal sealed class FilterInput(int position, int slot) : Expression(position)
{
    public override Value Evaluate(Evaluation evaluation) => evaluation.Locals[slot].Value;

    public Value Apply(Evaluation evaluation, string text, Expression filters)
    {
        evaluation.Locals[slot].Value = text;
        return filters.Evaluate(evaluation);
    }
}

internal sealed class WithStatement((Target Target, Expression Value)[] assignments, Statement[] body, Range slots) : Statement
{
    public override void Write(Evaluation evaluation, OutputText output)
    {
        // All values are read before any name is bound, so that none sees another.
        var values = new Value[assignments.Length];
        for (var i = 0; i < values.Length; i++) values[i] = assignments[i].Value.Evaluate(evaluation.At(assignments[i].Value.Position));
        evaluation.Locals.AsSpan(slots).Clear();
        for (var i = 0; i < values.Length; i++) assignments[i].Target.Assign(evaluation, values[i]);
        foreach (var statement in body) statement.Write(evaluation, output);
    }
}
