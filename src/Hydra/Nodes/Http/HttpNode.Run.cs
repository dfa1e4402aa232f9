using Hydra.Model;

namespace Hydra.Nodes;

public sealed partial class HttpNode : ILeafNodeType
{
    private const string IdempotencyHeader = "Idempotency-Key";

    /// <param name="Effect">As the author says, else by method.</param>
    private sealed record HttpPlan(HttpMethod Method, CompiledValue Url, CompiledValue Headers, CompiledValue Body, IReadOnlyList<string>? AllowHosts, EffectClass Effect);

    public object Plan(NodeSpec node, PlanContext context)
    {
        var method = node.Fields.GetOrNull("method").TextOrNull ?? "GET";
        var byMethod = method switch
        {
            "GET" or "HEAD" or "OPTIONS" => EffectClass.Pure,
            "PUT" or "DELETE" => EffectClass.Idempotent,
            _ => EffectClass.Irreversible,
        };
        return new HttpPlan(new HttpMethod(method),
            CompiledValue.Of(node.Fields["url"], context),
            CompiledValue.Of(node.Fields.GetOrNull("headers"), context),
            CompiledValue.Of(node.Fields.GetOrNull("body"), context),
            node.Fields.GetOrNull("allow_hosts") is { IsList: true } hosts ? [.. hosts.Items.Select(host => host.AsText)] : null,
            node.Policy.Effect ?? context.Workflow.Defaults.Effect ?? byMethod);
    }

    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var plan = (HttpPlan)attempt.Node.Fields!;
        var url = plan.Url.Render(attempt.Scope).Trim();
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new CallFailedException(ErrorCode.BadRequest, $"`url` gave '{Excerpt.Of(url)}', which is no http or https address");
        var headers = HeadersOf(plan.Headers.Evaluate(attempt.Scope));
        var question = new HttpQuestion(plan.Method, address, headers, plan.Body.Evaluate(attempt.Scope), plan.AllowHosts);
        var step = new ToolQuestion(Name, question.ToValue((_, value) => value), plan.Effect) 
        {
            Shown = question.ToValue(SecretNames.Shown),
            Brings = attempt.Node.Settings.Labels.IsTrusted ? default : Labels.Untrusted,
        };
        if (plan.Effect != EffectClass.Pure && !headers.Exists(header => header.Key.Equals(IdempotencyHeader, StringComparison.OrdinalIgnoreCase)))
            question = question with { Headers = [.. headers, new(IdempotencyHeader, step.KeyFor(attempt))] };
        return ToolStep.RunAsync(attempt, line, step, token => HttpCall.SendAsync(question, () => line.Progress(), token), cancellationToken);
    }

    private static List<KeyValuePair<string, string>> HeadersOf(Value given)
    {
        var headers = new List<KeyValuePair<string, string>>();
        if (!given.IsObject) return headers;
        foreach (var (name, value) in given.AsObject)
        {
            var text = value.ToDisplayText();
            if (text.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0) throw new CallFailedException(ErrorCode.BadRequest, $"the header '{name}' holds a line break, which would begin another header");
            headers.Add(new(name, text));
        }
        return headers;
    }
}
