using System.Text;
using Hydra.Model;
using Hydra.Planning;
using Hydra.Validation;

namespace Hydra.Cli.Verbs;

/// <summary>
/// Bounds on what a workflow costs and takes: every call at its longest prompt and answer, without retries. What is only
/// known while it runs (a map's items, a loop's rounds up to its bound) is said so.
/// </summary>
internal sealed class CostEstimate
{
    private const long OutputTokensByDefault = 4_096;

    private readonly List<Row> _rows = [];
    private readonly WorkflowSpec _workflow;

    private CostEstimate(WorkflowSpec workflow) => _workflow = workflow;

    private sealed record Row(string Node, string Model, long CallsMax, bool IsPerItem, long TokensMax, MicroUsd? UsdMax, double Seconds);

    public float CriticalPathSeconds { get; private init; }

    public static CostEstimate Of(WorkflowSpec workflow, ValueMap inputs, IModelCatalog models, IReadOnlyDictionary<string, INodeType> types)
    {
        var estimate = new CostEstimate(workflow) { CriticalPathSeconds = Planner.Plan(workflow, types).CriticalPathSeconds };
        var inputTokens = inputs.Values.Sum(value => (long)Encoding.UTF8.GetByteCount(value.ToDisplayText()) / 2);
        estimate.AddAll(workflow.Nodes, "", 1, isPerItem: false, inputTokens, models);
        return estimate;
    }

    private void AddAll(IReadOnlyList<NodeSpec> nodes, string prefix, long times, bool isPerItem, long outerTokens, IModelCatalog models)
    {
        var answers = nodes.ToDictionary(node => node.Id.Text, OutputTokensOf, StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            var path = prefix + node.Id.Text;
            var upstream = outerTokens + node.DependsOn.Sum(parent => answers.GetValueOrDefault(parent.Text));
            var rounds = node.Fields.GetOrNull("max_iterations") is { Kind: ValueKind.Integer } bound ? bound.AsInteger : 3;
            var inner = node.Type is "loop" or "evaluator_loop" ? times * rounds : times;
            foreach (var children in node.Children.Values) AddAll(children, path + "/", inner, isPerItem || node.Type == "map", upstream, models);
            if (node.Linked is { } linked) AddAll(linked.Nodes, path + "/", times, isPerItem, upstream, models);
            if (ModelOf(node) is not { } model || node.Fields.GetOrNull("prompt").TextOrNull is not { } prompt) continue;
            AddCall(node, path, model, inner, isPerItem || node.Type == "map", Encoding.UTF8.GetByteCount(prompt) / 2 + 16 + upstream, models);
        }
    }

    private void AddCall(NodeSpec node, string path, string model, long calls, bool isPerItem, long promptTokens, IModelCatalog models)
    {
        MicroUsd? usd = null;
        try
        {
            usd = models.Resolve(model).Price?.BoundOf(promptTokens, OutputTokensOf(node));
        }
        catch (ModelUnavailableException)
        {
            // Nobody answers for it here: its price is not known.
        }
        var tokens = (promptTokens + OutputTokensOf(node)) * calls;
        _rows.Add(new(path, model, calls, isPerItem, tokens, usd is { } each ? new MicroUsd(each.Amount * calls) : null, node.Policy.Estimate?.TotalSeconds ?? 0));
    }

    private string? ModelOf(NodeSpec node)
    {
        var agent = node.Fields.GetOrNull("agent").TextOrNull ?? _workflow.DefaultFields.GetOrNull("agent").TextOrNull;
        var ofAgent = agent is not null && _workflow.Agents.TryGetValue(agent, out var definition) && definition.IsObject ? definition.AsObject.GetOrNull("model").TextOrNull : null;
        var name = node.Fields.GetOrNull("model").TextOrNull ?? ofAgent ?? _workflow.DefaultFields.GetOrNull("model").TextOrNull;
        return name is not null && _workflow.Models.TryGetValue(name, out var alias) ? alias.Model : name;
    }

    private long OutputTokensOf(NodeSpec node)
    {
        var written = node.Fields.GetOrNull("max_output_tokens");
        if (written.Kind != ValueKind.Integer) written = _workflow.DefaultFields.GetOrNull("max_output_tokens");
        return written.Kind == ValueKind.Integer ? written.AsInteger : OutputTokensByDefault;
    }

    private long Tokens => _rows.Sum(row => row.TokensMax);
    private bool IsOpen => _rows.Any(row => row.IsPerItem);
    /// <summary>Null: the price of some model is not known.</summary>
    public MicroUsd? Usd => _rows.All(row => row.UsdMax is not null) ? new MicroUsd(_rows.Sum(row => row.UsdMax!.Value.Amount)) : null;

    public string ToText()
    {
        var table = new TextTable("node", "model", "calls ≤", "tokens ≤", "cost ≤") { Right = [2, 3, 4], Indent = "  " };
        foreach (var row in _rows)
            table.Add(TerminalText.Of(row.Node), TerminalText.Of(row.Model), row.IsPerItem ? $"{row.CallsMax}/item" : $"{row.CallsMax}", $"{row.TokensMax:#,0}", row.UsdMax is { } usd ? Amounts.Usd(usd) : "unknown");
        table.Add("total", IsOpen ? "(one item of each map)" : "", $"{_rows.Sum(row => row.CallsMax)}", $"{Tokens:#,0}", Usd is { } total ? Amounts.Usd(total) : "unknown");
        var text = new StringBuilder(_rows.Count == 0 ? "  no node calls a model" : table.ToString());
        text.Append($"\n  critical path: {CriticalPathSeconds:0.#} s (estimate_seconds, 1 s where a node has none)");
        if (_workflow.Budget is { } budget && (budget.MaxTokens is not null || budget.MaxUsd is not null))
            text.Append($"\n  budget: {string.Join(", ", new[] { budget.MaxTokens is { } tokens ? Amounts.Tokens(tokens) : null, budget.MaxUsd is { } usd ? Amounts.Usd(usd) : null }.OfType<string>())}");
        return text.ToString();
    }

    public Value ToJson() => ValueMap.Of(
        ("nodes", Value.Of(_rows.Select(row => Value.Of(ValueMap.Of(
            ("node", row.Node), ("model", row.Model), ("calls_max", row.CallsMax), ("per_item", row.IsPerItem), ("tokens_max", row.TokensMax),
            ("usd_max", row.UsdMax is { } usd ? Value.Of((double)usd.Usd) : Value.Null)))))),
        ("tokens_max", Tokens), ("usd_max", Usd is { } total ? Value.Of((double)total.Usd) : Value.Null), ("critical_path_seconds", (double)CriticalPathSeconds));
}
