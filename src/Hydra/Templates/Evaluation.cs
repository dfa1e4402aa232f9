using Hydra.Model;

namespace Hydra.Templates;

/// <summary>What one evaluation knows: the variables, the output, the loops it is in, and what is left of its limits. One thread, one use.</summary>
internal sealed class Evaluation
{
    private const int StepsBetweenChecks = 1024;
    private const int CharactersPerStep = 32;
    private const int ItemsPerStep = 4;

    private readonly SourceText _source;
    private long _stepsLeft;
    private long _nextCheck;
    private int _at;

    public Evaluation(SourceText source, ITemplateScope scope, TemplateOptions options, int localCount, int loopCount)
    {
        _source = source;
        Scope = scope;
        Options = options;
        Locals = localCount == 0 ? [] : new Local[localCount];
        Loops = loopCount == 0 ? [] : new Loop[loopCount];
        _stepsLeft = options.StepsMax;
        _nextCheck = Math.Max(-1, _stepsLeft - StepsBetweenChecks);
    }

    /// <summary>A variable that the template itself binds; unset until its statement ran.</summary>
    public struct Local
    {
        public bool IsSet;
        public Value Value;
    }

    public struct Loop
    {
        public Value[] Items;
        public int Index;
    }

    public ITemplateScope Scope { get; }
    public TemplateOptions Options { get; }
    public Local[] Locals { get; }
    public Loop[] Loops { get; }
    /// <summary>Set while text is captured for a variable or filter: escaping then waits until it is written out.</summary>
    public bool IsCapturing { get; set; }
    /// <summary>Why the last expression that gave no value did so, where the node itself cannot tell.</summary>
    public string? UndefinedBecause { get; set; }

    /// <summary>Takes a step and names the place that a failure belongs to.</summary>
    public Evaluation At(int position)
    {
        _at = position;
        Charge(1);
        return this;
    }

    public void Charge(long steps)
    {
        _stepsLeft -= steps;
        if (_stepsLeft <= _nextCheck) Check();
    }

    public void ChargeText(long length)
    {
        if (length > Options.TextLengthMax) throw Limit($"A text would be longer than {Options.TextLengthMax:N0} characters.");
        if (length >= CharactersPerStep) Charge(length / CharactersPerStep);
    }

    public void ChargeList(long count)
    {
        if (count > TemplateOptions.ListLengthMax) throw Limit($"A list would have more than {TemplateOptions.ListLengthMax:N0} items.");
        if (count >= ItemsPerStep) Charge(count / ItemsPerStep);
    }

    private void Check()
    {
        Options.CancellationToken.ThrowIfCancellationRequested();
        if (_stepsLeft < 0)
        {
            throw Limit($"The template took more than {Options.StepsMax:N0} steps. Shorten its loops, or prepare the data before.");
        }
        _nextCheck = Math.Max(-1, _stepsLeft - StepsBetweenChecks);
    }

    /// <summary>Takes a value into a variable or out of the template: bounds how deep and how large what was built can be.</summary>
    public Value Settle(Value value)
    {
        if (value.IsList || value.IsObject) Walk(value, TemplateOptions.ValueDepthMax);
        return value;
    }

    private void Walk(Value value, int depthLeft)
    {
        if (depthLeft == 0) throw Limit($"A value is nested deeper than {TemplateOptions.ValueDepthMax} levels.");
        if (value.IsList)
        {
            var items = value.AsList;
            Charge((items.Length / ItemsPerStep) + 1);
            foreach (var item in items)
            {
                if (item.IsList || item.IsObject) Walk(item, depthLeft - 1);
            }
            return;
        }
        var pairs = value.AsObject.Pairs;
        Charge((pairs.Length / ItemsPerStep) + 1);
        foreach (ref readonly var pair in pairs)
        {
            if (pair.Value.IsList || pair.Value.IsObject) Walk(pair.Value, depthLeft - 1);
        }
    }

    /// <summary>Leaves the current expression without a value and says why, should somebody need one.</summary>
    public Value GiveUndefined(string because)
    {
        UndefinedBecause = because;
        return default;
    }

    public TemplateException Fail(TemplateErrorKind kind, string message, string? undefinedName = null)
    {
        var (line, column) = _source.PlaceOf(_at);
        return new TemplateException(kind, message, line, column) { UndefinedName = undefinedName };
    }

    public TemplateException WrongType(string message) => Fail(TemplateErrorKind.WrongType, message);
    public TemplateException BadValue(string message) => Fail(TemplateErrorKind.BadValue, message);
    public TemplateException Overflow(string message) => Fail(TemplateErrorKind.Overflow, message);
    public TemplateException Limit(string message) => Fail(TemplateErrorKind.Limit, message);
}
