using Hydra.Model;

namespace Hydra.Validation;

/// <summary>What one node says beside its type: fallbacks, breakers, models, agents, schemas, budgets, conflicts.</summary>
internal sealed class PolicyCheck(WorkflowSpec spec, ValidationOptions options, ProblemList problems)
{
    private readonly Dictionary<string, bool> _resolved = new(StringComparer.Ordinal);

    public void Check(NameScope scope, int index, INodeType? type)
    {
        var node = scope.Graph.Nodes[index];
        CheckModels(node);
        CheckAgents(node);
        CheckTokens(node);
        if (ReferenceEquals(node.Policy, NodePolicy.Empty)) return;
        CheckFallback(scope, index);
        if (type is ICompositeNodeType) CheckComposite(node);
        var policy = node.Policy;
        if (policy.BreakerName is { } breaker && !spec.Breakers.ContainsKey(breaker))
            problems.Error(ProblemCodes.UnknownBreaker, node.PlaceOf("breaker"), $"node '{node.Id}' names the breaker '{breaker}', which `breakers` does not define.{DidYouMean.Hint(breaker, spec.Breakers.Keys)} Define it, or write its settings in place.");
        if (policy.OutputSchema is { } schema) SchemaCheck.Compile(schema, node.PlaceOf("output_schema"), $"the `output_schema` of '{node.Id}'", problems);
        BudgetCheck.Check(policy.Budget, spec.Budget, node.PlaceOf("budget"), $"node '{node.Id}'", problems);
        if (policy.ConflictsWith?.Contains(node.Id.Text) == true)
            problems.Warning(ProblemCodes.BadConflict, node.PlaceOf("conflicts_with"), $"node '{node.Id}' conflicts with itself, which says nothing. Remove it from `conflicts_with`.");
        if (policy.OnUnknown == UnknownOutcomePolicy.Compensate && node.Compensation is null)
            problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("on_unknown"), $"node '{node.Id}' says `on_unknown: compensate` and has no `compensate`, so there is nothing to undo it with. Add the node, or write ask or retry.");
        if (policy.RepairAttempts is not null && policy.OutputSchema is null && spec.Defaults.OutputSchema is null)
            problems.Warning(ProblemCodes.FieldConflict, node.PlaceOf("repair_attempts"), $"node '{node.Id}' has `repair_attempts` and no `output_schema`, so nothing is repaired. Add the schema, or remove the line.");
        if (policy.Retry is { MaxAttempts: 1 } retry && (retry.Backoff is not null || retry.RetryOn is { Count: > 0 }))
            problems.Warning(ProblemCodes.FieldConflict, node.PlaceOf("retry"), $"node '{node.Id}' makes one attempt, so the other lines of `retry` do nothing. Raise `max_attempts`: it counts the first.");
        if (policy.Timeout is { } timeout && policy.IdleTimeout > timeout)
            problems.Warning(ProblemCodes.FieldConflict, node.PlaceOf("idle_timeout_seconds"), $"node '{node.Id}' has an idle timeout longer than its timeout, so it never counts. Lower it.");
    }

    /// <summary>A composite calls nobody itself: what says how a call is tried belongs on the nodes inside. A map's `prompt` hands it to its items.</summary>
    private void CheckComposite(NodeSpec node)
    {
        var policy = node.Policy;
        var handsDown = node.Fields.ContainsKey("prompt");
        if (policy.Retry is { MaxAttempts: > 1 } && !handsDown) Misplaced("retry", "retry");
        if ((policy.Breaker is not null || policy.BreakerName is not null) && !handsDown) Misplaced("breaker", "breaker");
        if (policy.Fallback is { Models.Count: > 0 } && !handsDown) Misplaced("fallback.models", "fallback.models");
        if (policy.Fallback?.Agent is not null && !handsDown) Misplaced("fallback.agent", "fallback.agent");
        if (policy.Fallback?.Node is not null) Misplaced("fallback.node", "fallback.node");
        if (policy.EscalateTo is not null && node.Type is not ("evaluator_loop" or "planner" or "coordinator" or "supervisor" or "swarm")) Misplaced("escalate_to", "escalate_to");

        void Misplaced(string field, string place) => problems.Error(ProblemCodes.FieldConflict, node.PlaceOf(place),
            $"node '{node.Id}' is a {node.Type}, which makes no call of its own, so its `{field}` would do nothing. Put it on the nodes inside.");
    }

    private void CheckModels(NodeSpec node)
    {
        if (node.Fields.GetOrNull("model").TextOrNull is { } model) CheckModel(node, model, "model");
        if (node.Policy.Fallback is not { } fallback) return;
        for (var i = 0; i < fallback.Models.Count; i++) CheckModel(node, fallback.Models[i], $"fallback.models[{i}]");
    }

    private void CheckModel(NodeSpec node, string model, string path)
    {
        if (spec.Models.ContainsKey(model) || model.Contains('{')) return;
        if (options.Models is not null)
        {
            if (_resolved.TryAdd(model, true)) ModelCheck.Resolve(options.Models, model, node.PlaceOf(path), $"node '{node.Id}'", problems);
        }
        else if (DidYouMean.Nearest(model, spec.Models.Keys) is { } near && !model.Contains('/'))
        {
            problems.Warning(ProblemCodes.UnknownModel, node.PlaceOf(path), $"node '{node.Id}' uses the model '{model}', which is nearly the alias '{near}'. Did you mean '{near}'? Correct the name, or ignore this.");
        }
    }

    /// <summary>An answer longer than the budget can never be reserved, so the call could never be made.</summary>
    private void CheckTokens(NodeSpec node)
    {
        if (!node.Fields.ContainsKey("prompt")) return;
        var field = node.Fields.TryGetValue("max_output_tokens", out var own) ? own : spec.DefaultFields.GetOrNull("max_output_tokens");
        var limit = Math.Min(spec.Budget?.MaxTokens ?? long.MaxValue, node.Policy.Budget?.MaxTokens ?? long.MaxValue);
        if (limit == long.MaxValue) return;
        if (field.Kind != ValueKind.Integer)
            problems.Note(ProblemCodes.BadBudget, node.At, $"node '{node.Id}' has no `max_output_tokens`, so an answer of up to 4,096 tokens is asked for and reserved. Add it to reserve less.");
        else if (field.AsInteger > limit)
            problems.Error(ProblemCodes.BadBudget, node.PlaceOf("max_output_tokens"), $"node '{node.Id}' may answer with {field.AsInteger} tokens and its budget is {limit} in all, so its call could never be made. Lower `max_output_tokens`, or raise `max_tokens`.");
    }

    private void CheckAgents(NodeSpec node)
    {
        if (node.Fields.GetOrNull("agent").TextOrNull is { } agent) CheckAgent(node, agent, "agent");
        if (node.Policy.EscalateTo is { } to) CheckAgent(node, to, "escalate_to");
        if (node.Policy.Fallback?.Agent is { } fallback) CheckAgent(node, fallback, "fallback.agent");
    }

    private void CheckAgent(NodeSpec node, string agent, string path)
    {
        if (spec.Agents.ContainsKey(agent) || options.KnownAgents.Contains(agent)) return;
        problems.Error(ProblemCodes.UnknownAgent, node.PlaceOf(path), $"node '{node.Id}' names the agent '{agent}', which is not defined.{DidYouMean.Hint(agent, spec.Agents.Keys.Concat(options.KnownAgents).Concat(options.NearAgents()))} Define it under `agents`, or in agents/{agent}.md.");
    }

    /// <summary>A node that escalates and names nobody leaves it to its agent, who must.</summary>
    private void CheckEscalation(NodeSpec node)
    {
        var agent = node.Fields.GetOrNull("agent").TextOrNull ?? spec.DefaultFields.GetOrNull("agent").TextOrNull;
        var chain = agent is null ? [] : EscalationChain.Of(agent, spec.AgentFieldsOf, out var wrong) is var sound && wrong is null ? sound : Refused(wrong);
        if (chain is { Count: 0 } && (agent is null || spec.Agents.ContainsKey(agent)))
            problems.Error(ProblemCodes.BadFallback, node.PlaceOf("on_failure"), $"node '{node.Id}' escalates on failure, but neither it nor its agent says to whom. Add 'escalate_to: <agent>', or `escalates_to` to the agent.");

        IReadOnlyList<string>? Refused(string? why)
        {
            problems.Error(ProblemCodes.BadFallback, node.PlaceOf("on_failure"), $"node '{node.Id}': {why}");
            return null;
        }
    }

    private void CheckFallback(NameScope scope, int index)
    {
        var node = scope.Graph.Nodes[index];
        var policy = node.Policy;
        var onFailure = policy.OnFailure ?? spec.Defaults.OnFailure;
        var value = policy.Fallback?.Value ?? spec.Defaults.Fallback?.Value;
        if (policy.OnFailure == FailurePolicy.Degrade && value is null)
            problems.Error(ProblemCodes.BadFallback, node.PlaceOf("on_failure"), $"node '{node.Id}' degrades on failure, but has no value to go on with. Add 'fallback: {{value: …}}'.");
        if (policy.OnFailure == FailurePolicy.Escalate && (policy.EscalateTo ?? spec.Defaults.EscalateTo) is null) CheckEscalation(node);
        if (policy.Fallback is not { } fallback) return;
        if (fallback.Models.Count == 0 && fallback.Agent is null && fallback.Value is null && fallback.Node is null && fallback.Plan is null)
            problems.Warning(ProblemCodes.BadFallback, node.PlaceOf("fallback"), $"node '{node.Id}' has an empty `fallback`. Add models, agent, value or node.");
        if (fallback.Value is not null && onFailure is not (FailurePolicy.Degrade or null) && policy.OnFailure is not null)
            problems.Warning(ProblemCodes.BadFallback, node.PlaceOf("fallback.value"), $"node '{node.Id}' has a `fallback.value`, which only 'on_failure: degrade' uses. Change `on_failure`, or remove the value.");
        if (fallback.Node is not { } other) return;
        var at = node.PlaceOf("fallback.node");
        var target = scope.Graph.IndexOf(other.Text);
        if (target < 0)
            problems.Error(ProblemCodes.BadFallback, at, $"node '{node.Id}' falls back to '{other}', which this graph does not define.{DidYouMean.Hint(other.Text, scope.Graph.Ids)} Correct the id.");
        else if (target == index)
            problems.Error(ProblemCodes.BadFallback, at, $"node '{node.Id}' falls back to itself. Name another node, or use `retry`.");
        else if (scope.Graph.IsAncestor(index, target) || scope.Graph.IsAncestor(target, index))
            problems.Error(ProblemCodes.BadFallback, at, $"node '{node.Id}' falls back to '{other}', which runs before or after it anyway. Name a node outside this path.");
        else if (ComesRound(scope.Graph, index))
            problems.Error(ProblemCodes.BadFallback, at, $"the fallback nodes of '{node.Id}' lead round in a circle. Let the last one have no `fallback.node`.");
    }

    private static bool ComesRound(GraphIndex graph, int start)
    {
        var seen = new HashSet<int> { start };
        for (var at = start; graph.Nodes[at].Policy.Fallback?.Node is { } next;)
        {
            at = graph.IndexOf(next.Text);
            if (at < 0) return false;
            if (!seen.Add(at)) return at == start;
        }
        return false;
    }
}
