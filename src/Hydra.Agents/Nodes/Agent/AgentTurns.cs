using Hydra.Agents.Calls;
using Hydra.Agents.Loop;
using Hydra.Agents.Mcp;
using Hydra.Agents.Memory;
using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Schemas;
using Hydra.Templates;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Nodes;

/// <summary>One attempt of an agent node: asks its agent, and the agents that this one calls as tools, until there is an answer that does.</summary>
internal sealed class AgentTurns(NodeAttempt attempt, ILine line, IModelCatalog models, Func<string, IChatClient> clients)
{
    /// <summary>How deep agents may call agents.</summary>
    public const int DepthMax = 4;
    private const int ToolRoundsDefault = 10;
    private const int ProblemsShownCharsMax = 2_000;

    /// <summary>Judges the node's answer by what it did, given how often that was asked already; says what is wrong, or null. Null: nothing is looked at.</summary>
    public Func<int, CancellationToken, ValueTask<string?>>? Check { get; init; }
    /// <summary>How often the agent is told what <see cref="Check"/> found.</summary>
    public int ChecksMax { get; init; }

    /// <summary>The run's own folder.</summary>
    public string Project { get; init; } = attempt.Services.WorkingDirectory;

    private readonly AgentPlan _plan = (AgentPlan)attempt.Node.Fields!;
    private readonly McpConnections _servers = ((AgentPlan)attempt.Node.Fields!).ConnectionsOf(attempt);

    public async ValueTask<AttemptOutcome> AnswerAsync(CancellationToken cancellationToken)
    {
        await using var servers = _servers;
        var settings = attempt.Node.Settings;
        var choice = ModelChoice.Of(_plan, attempt.Variant, attempt.Scope);
        var attached = AttachmentReader.Read(_plan.Attachments, attempt);
        foreach (var each in attached) attempt.Labels.Add(each.Labels);
        var question = QuestionOf(choice, _plan.System?.Render(attempt.Scope, TemplateOptions.Default), _plan.Prompt.Render(attempt.Scope, TemplateOptions.Default), attached) with { Schema = _plan.Schema, Labels = attempt.Labels.Now };
        if (question.Labels.IsSecret) throw new CallFailedException(ErrorCode.PolicyDenied, "the prompt holds a value that is labelled secret, which no model may be told. Use it in `http` headers or `env` of a command, or remove the label");
        if (settings.TrustsTypedFields && _plan.ToolsOf(choice.Agent).Count == 0) attempt.Labels.TypedFields = TypedFields.Of(settings.OutputSchemaSource);
        foreach (var each in attached) await each.KeepAsync(line, question.Labels, cancellationToken);
        var watch = settings.StopWhen is { } stopWhen ? new PartialWatch(stopWhen, attempt.Scope) : null;
        return await AskAsync(choice, question, settings.OutputSchema, settings.RepairAttempts, new ModelCall(attempt, line, clients, watch), attempt.Labels, "", cancellationToken);
    }

    /// <summary>An agent called as a tool. Throws where it gives no answer.</summary>
    /// <param name="asker">The place of the call; its depth is the number of strokes.</param>
    /// <param name="held">Takes the labels of all that the agent reads, whether it answers or fails.</param>
    private async ValueTask<Value> AskAgentAsync(string agent, string task, string asker, Labels context, LabelContext held, CancellationToken cancellationToken)
    {
        if (asker.Count('/') > DepthMax) throw new CallFailedException(ErrorCode.BadRequest, $"agents call agents more than {DepthMax} deep");
        var choice = ModelChoice.OfAgent(_plan, agent, attempt.Scope);
        var schema = choice.Agent.Outputs;
        var question = QuestionOf(choice, null, task, []) with { Schema = schema is { } source ? System.Text.Json.JsonElement.Parse(ValueJson.ToUtf8(source)) : null };
        var outcome = await AskAsync(choice, question with { Labels = context }, schema is { } promised ? JsonSchema.Compile(promised) : null, attempt.Node.Settings.RepairAttempts, new ModelCall(attempt, line, clients, null), held, asker, cancellationToken);
        return ToolOutcome.ValueOf(outcome);
    }

    private async ValueTask<AttemptOutcome> AskAsync(ModelChoice choice, ModelQuestion question, JsonSchema? schema, int repairsMax, ModelCall call, LabelContext read, string asker, CancellationToken cancellationToken)
    {
        var names = _plan.ToolsOf(choice.Agent, isAsked: asker.Length > 0);
        if (names.Count > 0) names = [.. names.Where(name => !ToolKinds.OfWorkflow.Contains(name) || _plan.ToolBox.Find(name, out _) is not null)];
        var (held, polls) = await new HeldTools(_plan.ToolBox, _servers, line).OpenWithPollsAsync(names, asker, cancellationToken);
        if (asker.Length == 0 && _plan.Memory is { } memory) held = [.. held, .. Memory(memory, choice.Agent, held)];
        if (choice.Agent.GoesWithoutSandbox && attempt.Services.Sandbox is null) held = [.. held.Where(tool => !tool.Facts.NeedsSandbox)];
        if (held.Count > 0 || asker.Length > 0) question = question with { Tools = [.. held.Select(tool => tool.Declaration)], Asker = asker };
        var caller = new ToolCaller(attempt, line, held, _plan.Workflow, choice.Agent.Name, asker) { AskAgent = AskAgentAsync, Polls = polls, Workflows = _plan.Workflows };
        var rounds = (asker.Length == 0 ? _plan.OwnToolIterationsMax : null) ?? choice.Agent.ToolIterationsMax ?? ToolRoundsDefault;
        var loop = new ToolLoop(call, caller, line, rounds, PromptTokensMax(question), asker)
        {
            Accepts = asker.Length == 0 && _plan.Accept is { } accept ? new AcceptCheck(accept, attempt.Scope) : null,
            Summarises = _plan.Summarises,
            Read = read,
        };
        read.Add(choice.Agent.Labels.With(caller.Told(null)));
        for (int repairs = 0, checks = 0; ;)
        {
            (question, var answer) = await loop.RunAsync(question, cancellationToken);
            var outcome = Judge(schema, question, answer, out var objection);
            if (objection is not null && repairs++ >= repairsMax) return outcome;
            if (outcome is AttemptOutcome.Completed && asker.Length == 0 && Check is not null && await Check(checks, cancellationToken) is { } found)
            {
                if (checks++ >= ChecksMax) return new AttemptOutcome.Failed(ErrorCode.InvalidOutput, found);
                objection = found;
            }
            if (objection is null) return outcome;
            question = question.After(answer.Text, objection);
        }
    }

    /// <summary>The node's own agent, or who stands in for it, has its memory; agents that it asks do not.</summary>
    private IEnumerable<HeldTool> Memory(MemoryPlan memory, AgentDefinition agent, IReadOnlyList<HeldTool> held)
    {
        var tools = memory.Tools(_plan.Registry.Memory, memory.PlaceOf(attempt, agent.Name, Project), attempt, agent.Name).Where(tool => !agent.Forbids(tool.Facts.Name)).ToList();
        return tools.Find(tool => held.Any(other => other.Facts.Name == tool.Facts.Name)) is { } twice
            ? throw new CallFailedException(ErrorCode.BadRequest, $"the tool '{twice.Facts.Name}' is there twice: `memory` gives the agent one of its own. Rename the other, or take `memory` out")
            : tools.Select(tool => new HeldTool(tool));
    }

    private long? PromptTokensMax(ModelQuestion question)
    {
        var window = question.Model.ContextTokensMax - question.OutputTokensMax;
        var budget = attempt.Node.Settings.Budget?.MaxContextTokens;
        return window is null || budget < window ? budget : window;
    }

    private ModelQuestion QuestionOf(ModelChoice choice, string? system, string prompt, IReadOnlyList<Attachment> attached)
    {
        var facts = models.Resolve(choice.Model);
        var forbidden = choice.Agent.Forbidden.Count == 0 ? null : "You must not do any of this:\n" + string.Join('\n', choice.Agent.Forbidden.Select(each => "- " + each));
        var rules = (choice.Agent.Instructions ?? forbidden ?? system) is null ? "" : string.Join("\n\n", new[] { choice.Agent.Instructions, forbidden, system }.Where(text => !string.IsNullOrWhiteSpace(text)));
        var message = new ChatMessage(ChatRole.User, [new TextContent(prompt), .. attached.Select(each => each.ToContent())]);
        return new ModelQuestion
        {
            Model = facts,
            Agent = choice.Agent.Identity,
            Messages = rules.Length == 0 ? [message] : [new ChatMessage(ChatRole.System, rules), message],
            OutputTokensMax = (int)Math.Min(choice.OutputTokensMax, facts.OutputTokensMax ?? int.MaxValue),
            Temperature = choice.Temperature,
            IsStreamed = _plan.IsStreamed,
            Timeout = choice.Timeout,
        };
    }

    /// <param name="objection">What to tell the model so that it mends its answer; null: nothing to mend, or no use in asking.</param>
    private static AttemptOutcome Judge(JsonSchema? schema, ModelQuestion question, ModelAnswer answer, out string? objection)
    {
        objection = null;
        if (answer.Finish == ChatFinishReason.ContentFilter.Value)
            return new AttemptOutcome.Failed(ErrorCode.ContentFiltered, $"'{question.Model.Name}' withheld its answer: content filter");
        if (AgentFailure.Read(question.Agent.Length > 0 ? question.Agent.Split(' ')[0] : question.Model.Name, answer.Text) is { } failure) return failure;
        if (schema is null) return new AttemptOutcome.Completed(answer.Text, SignalOf(answer));
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
        answer.Finish == AcceptCheck.FinishReason ? ValueMap.Of(("finish_reason", AcceptCheck.FinishReason))
        : answer.IsCutShort ? ValueMap.Of(("finish_reason", PartialWatch.FinishReason))
        : answer.Finish == ChatFinishReason.Length.Value ? ValueMap.Of(("finish_reason", "length"))
        : Value.Null;
}
