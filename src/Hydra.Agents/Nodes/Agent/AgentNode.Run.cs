using System.Text.Json;
using Hydra.Agents.Calls;
using Hydra.Model;
using Hydra.Schemas;
using Hydra.Templates;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Nodes;

public sealed partial class AgentNode : ILeafNodeType
{
    private readonly IModelCatalog? _models;
    private readonly ClientSource? _clients;

    /// <summary>Without models: nodes can be checked and planned, not run. Loads no part of the AI abstractions.</summary>
    public AgentNode() { }

    /// <param name="models">Knows models by name.</param>
    /// <param name="clients">The client of a model, by the name that <paramref name="models"/> resolves. Must be safe to call from any thread.</param>
    public AgentNode(IModelCatalog models, Func<string, IChatClient> clients)
    {
        _models = models;
        _clients = new ClientSource(clients);
    }

    /// <summary>Keeps the client's type out of this type's layout, so that checking a file does not load it.</summary>
    private sealed class ClientSource(Func<string, IChatClient> clients)
    {
        public Func<string, IChatClient> Clients { get; } = clients;
    }

    private const int ProblemsShownCharsMax = 2_000;

    public object Plan(NodeSpec node, PlanContext context)
    {
        var workflow = context.Workflow;
        var agent = node.Fields.GetOrNull("agent").TextOrNull ?? (node.Fields.ContainsKey("model") ? null : workflow.DefaultFields.GetOrNull("agent").TextOrNull);
        var schema = node.Policy.OutputSchema ?? workflow.Defaults.OutputSchema;
        return new AgentPlan
        {
            Prompt = context.Template(node.Fields["prompt"].ToDisplayText()),
            System = context.FieldOf(node, "system") is { IsNull: false } system ? context.Template(system.ToDisplayText()) : null,
            OwnModel = node.Fields.GetOrNull("model").TextOrNull is { } model ? context.Template(model) : null,
            DefaultModel = workflow.DefaultFields.GetOrNull("model").TextOrNull,
            Agent = agent is not null && workflow.Agents.TryGetValue(agent, out var definition) && definition.IsObject ? AgentDefinition.Of(definition.AsObject) : AgentDefinition.None,
            OwnOutputTokensMax = IntegerOf(node.Fields, "max_output_tokens"),
            DefaultOutputTokensMax = IntegerOf(workflow.DefaultFields, "max_output_tokens"),
            OwnTemperature = NumberOf(node.Fields, "temperature"),
            DefaultTemperature = NumberOf(workflow.DefaultFields, "temperature"),
            IsStreamed = context.FieldOf(node, "stream") is not { Kind: ValueKind.Boolean } stream || stream.AsBoolean,
            Schema = schema is { } source ? JsonElement.Parse(ValueJson.ToUtf8(source)) : null,
            Aliases = workflow.Models,
            Agents = workflow.Agents,
        };
    }

    /// <summary>Alias, agent and defaults weighed: who is asked, and how.</summary>
    public ValueMap? ReuseParts(NodeAttempt attempt)
    {
        var choice = ModelChoice.Of((AgentPlan)attempt.Node.Fields!, attempt.Variant, attempt.Scope);
        var facts = _models!.Resolve(choice.Model);
        return ValueMap.Of(
            ("model", ValueMap.Of(("provider", facts.Provider), ("id", facts.Id))),
            ("agent", ValueMap.Of(("instructions", choice.Instructions is { } text ? Value.Of(text) : Value.Null), ("max_output_tokens", choice.OutputTokensMax),
                ("temperature", choice.Temperature is { } warmth ? Value.Of(warmth) : Value.Null))));
    }

    public async ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var question = QuestionOf(attempt);
        var watch = attempt.Node.Settings.StopWhen is { } stopWhen ? new PartialWatch(stopWhen, attempt.Scope) : null;
        var call = new ModelCall(attempt, line, _clients!.Clients, watch);
        var answer = await call.AskAsync(question, cancellationToken);
        for (var repairs = 0; ; repairs++)
        {
            var outcome = Judge(attempt.Node.Settings, question, answer, out var objection);
            if (objection is null || repairs == attempt.Node.Settings.RepairAttempts) return outcome;
            question = question.After(answer.Text, objection);
            answer = await call.AskAsync(question, cancellationToken);
        }
    }

    private ModelQuestion QuestionOf(NodeAttempt attempt)
    {
        if (_models is null || _clients is null) throw new InvalidOperationException("This agent node type was made without models: it can check and plan, not run.");
        var plan = (AgentPlan)attempt.Node.Fields!;
        var choice = ModelChoice.Of(plan, attempt.Variant, attempt.Scope);
        var facts = _models.Resolve(choice.Model);
        var system = string.Join("\n\n", new[] { choice.Instructions, plan.System?.Render(attempt.Scope, TemplateOptions.Default) }.Where(text => !string.IsNullOrWhiteSpace(text)));
        var prompt = new ChatMessage(ChatRole.User, plan.Prompt.Render(attempt.Scope, TemplateOptions.Default));
        return new ModelQuestion
        {
            Model = facts,
            Messages = system.Length == 0 ? [prompt] : [new ChatMessage(ChatRole.System, system), prompt],
            OutputTokensMax = (int)Math.Min(choice.OutputTokensMax, facts.OutputTokensMax ?? int.MaxValue),
            Temperature = choice.Temperature,
            Schema = plan.Schema,
            IsStreamed = plan.IsStreamed,
            Timeout = choice.Timeout,
        };
    }

    /// <param name="objection">What to tell the model so that it mends its answer; null: nothing to mend, or no use in asking.</param>
    private static AttemptOutcome Judge(NodeSettings settings, ModelQuestion question, ModelAnswer answer, out string? objection)
    {
        objection = null;
        if (answer.Finish == ChatFinishReason.ContentFilter.Value)
            return new AttemptOutcome.Failed(ErrorCode.ContentFiltered, $"'{question.Model.Name}' withheld its answer: content filter");
        if (settings.OutputSchema is not { } schema) return new AttemptOutcome.Completed(answer.Text, SignalOf(answer));
        if (answer.Finish == ChatFinishReason.Length.Value)
            return new AttemptOutcome.Failed(ErrorCode.InvalidOutput, $"the answer of '{question.Model.Name}' was cut at max_output_tokens {question.OutputTokensMax}, before its JSON was complete. Raise max_output_tokens");
        string misfit;
        if (!OutputContract.TryParse(answer.Text, out var output)) misfit = "the output is no JSON, which output_schema asks for";
        else if (OutputContract.Misfit(schema, output) is { } problems) misfit = problems.Length > ProblemsShownCharsMax ? problems[..ProblemsShownCharsMax] + "…" : problems;
        else return new AttemptOutcome.Completed(output, SignalOf(answer));

        objection = $"Your answer does not do: {misfit}.\nAnswer again with nothing but the complete JSON that fits this schema:\n{question.Schema}";
        return new AttemptOutcome.Failed(ErrorCode.InvalidOutput, $"{misfit}; '{question.Model.Name}' answered: {(answer.Text.Length > 200 ? answer.Text[..200] + "…" : answer.Text)}");
    }

    /// <summary>Says why an answer is shorter than it might be; null for a complete one.</summary>
    private static Value SignalOf(ModelAnswer answer) =>
        answer.IsCutShort ? ValueMap.Of(("finish_reason", PartialWatch.FinishReason))
        : answer.Finish == ChatFinishReason.Length.Value ? ValueMap.Of(("finish_reason", "length"))
        : Value.Null;

    private static long? IntegerOf(ValueMap fields, string name) => fields.GetOrNull(name) is { Kind: ValueKind.Integer } number ? number.AsInteger : null;
    private static double? NumberOf(ValueMap fields, string name) => fields.GetOrNull(name) is { IsNumeric: true } number ? number.AsNumber : null;
}
