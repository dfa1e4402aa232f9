using Hydra.Agents.Calls;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Templates;

namespace Hydra.Agents.Tools;

/// <summary>How the result of a slow tool is fetched: its answer is a ticket until another tool gives the result.</summary>
/// <param name="Poll">The tool that is asked for the result, as agents list it.</param>
public sealed record ToolTicketSpec(string Poll)
{
    /// <summary>Whether an answer, <c>result</c>, is still no result; null: it is an object that has a <c>ticket</c>.</summary>
    public string? Pending { get; init; }
    /// <summary>What the other tool is given: templates over <c>result</c>, the first answer. Null: <c>{ticket: …}</c>.</summary>
    public ValueMap? Arguments { get; init; }
    /// <summary>Time between two looks.</summary>
    /// <value>1 s to 1 day. Default: 30 s.</value>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(30);
    /// <summary>How long the result may take, from the ticket on.</summary>
    /// <value>1 s to 30 days. Default: 1 day.</value>
    public TimeSpan Within { get; init; } = TimeSpan.FromDays(1);

    internal static ToolTicketSpec? Of(Value declared) => !declared.IsObject ? null : new ToolTicketSpec(declared.AsObject["poll"].AsText)
    {
        Pending = declared.AsObject.GetOrNull("pending").TextOrNull,
        Arguments = declared.AsObject.GetOrNull("arguments") is { IsObject: true } arguments ? arguments.AsObject : null,
        Every = SecondsOf(declared.AsObject, "every_seconds") ?? TimeSpan.FromSeconds(30),
        Within = SecondsOf(declared.AsObject, "within_seconds") ?? TimeSpan.FromDays(1),
    };

    /// <summary>What keeps expression and templates from being read; null: nothing.</summary>
    internal string? Misfit()
    {
        try
        {
            if (Pending is not null) Template.ParseExpression(Pending);
            foreach (var text in (Arguments ?? ValueMap.Empty).Values.Select(value => value.TextOrNull).OfType<string>()) Template.Parse(text);
            return null;
        }
        catch (Exception wrong) when (wrong is TemplateException or TemplateSyntaxException)
        {
            return wrong.Message;
        }
    }

    /// <exception cref="CallFailedException">The expression does not fit the answer.</exception>
    internal bool IsPending(Value answer)
    {
        if (Pending is null) return answer.IsObject && answer.AsObject.GetOrNull("ticket") is { IsNull: false };
        return Template.IsTruthy(Evaluated(answer, () => Template.ParseExpression(Pending).Evaluate(Over(answer), TemplateOptions.Default), "pending"));
    }

    internal ValueMap ArgumentsFor(Value first)
    {
        if (Arguments is null) return ValueMap.Of(("ticket", first.IsObject ? first.AsObject.GetOrNull("ticket") : Value.Null));
        var given = Evaluated(first, () => CompiledValue.Of(Value.Of(Arguments), new PlanContext(Nothing)).Evaluate(Over(first)), "arguments");
        return given.AsObject;
    }

    private static readonly WorkflowSpec Nothing = new() { Name = "ticket", Nodes = [] };

    private static ITemplateScope Over(Value answer) => TemplateScope.Of(("result", answer));

    private static Value Evaluated(Value answer, Func<Value> evaluate, string field)
    {
        try
        {
            return evaluate();
        }
        catch (TemplateException wrong)
        {
            throw new CallFailedException(ErrorCode.InvalidOutput, $"`ticket.{field}` does not fit the answer {Excerpt.Describe(answer)}: {wrong.Message}", wrong);
        }
    }

    private static TimeSpan? SecondsOf(ValueMap map, string name) => map.GetOrNull(name) is { IsNumeric: true } seconds ? TimeSpan.FromSeconds(seconds.AsNumber) : null;
}
