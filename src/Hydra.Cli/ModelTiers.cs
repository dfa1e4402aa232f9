using Hydra.Model;

namespace Hydra.Cli;

/// <summary>
/// What <c>fast</c>, <c>balanced</c> and <c>strong</c> stand for: <c>--model strong=ID</c>, an alias of that name in the workflow,
/// <c>HYDRA_MODEL_STRONG</c>, else a model of the first provider that is configured. A run keeps what it found.
/// </summary>
internal static class ModelTiers
{
    /// <summary>By provider, in the order in which they are looked for: fast, balanced, strong.</summary>
    private static readonly (string[] Variables, string[] Models)[] ByProvider =
    [
        (["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"], ["claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-6"]),
        (["OPENAI_API_KEY", "OPENAI_BASE_URL"], ["gpt-5-nano", "gpt-5-mini", "gpt-5"]),
        (["GEMINI_API_KEY", "GOOGLE_API_KEY"], ["gemini-2.5-flash-lite", "gemini-2.5-flash", "gemini-2.5-pro"]),
    ];

    /// <summary>The options with a model for every tier that the workflow uses and nobody has named a model for.</summary>
    public static ProgramOptions Resolve(ProgramOptions options, WorkflowSpec workflow, CliIo io)
    {
        if (io.Environment("HYDRA_GATEWAY_CONFIG") is { Length: > 0 } && options.Backend is null) return options;   // groups of that file
        var models = options.Models;
        foreach (var tier in UsedIn(workflow))
        {
            if (!models.ContainsKey(tier)) models = models.With(tier, ModelOf(tier, io));
        }
        return ReferenceEquals(models, options.Models) ? options : options with { Models = models };
    }

    public static string ModelOf(string tier, CliIo io)
    {
        if (io.Environment($"HYDRA_MODEL_{tier.ToUpperInvariant()}") is { Length: > 0 } named) return named;
        var at = AgentFields.Tiers.ToList().IndexOf(tier);
        foreach (var (variables, models) in ByProvider)
        {
            if (variables.Any(variable => io.Environment(variable) is { Length: > 0 })) return models[at];
        }
        return ByProvider[0].Models[at];
    }

    private static SortedSet<string> UsedIn(WorkflowSpec workflow)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        Collect(workflow, found);
        return found;
    }

    private static void Collect(WorkflowSpec workflow, SortedSet<string> found)
    {
        Add(workflow.DefaultFields.GetOrNull("model").TextOrNull);
        foreach (var agent in workflow.Agents.Keys) Add(workflow.AgentFieldsOf(agent)?.GetOrNull("model").TextOrNull);
        foreach (var alias in workflow.Models.Values)
        {
            Add(alias.Model);
            foreach (var fallback in alias.Fallbacks) Add(fallback);
        }
        foreach (var node in workflow.Nodes) CollectNode(node);
        foreach (var linked in workflow.LinkedTools.Values) Collect(linked, found);

        void CollectNode(NodeSpec node)
        {
            Add(node.Fields.GetOrNull("model").TextOrNull);
            foreach (var model in node.Policy.Fallback?.Models ?? []) Add(model);
            foreach (var child in node.Children.Values.SelectMany(children => children)) CollectNode(child);
            if (node.Linked is { } linked) Collect(linked, found);
        }

        void Add(string? model)
        {
            if (model is not null && AgentFields.Tiers.Contains(model) && !workflow.Models.ContainsKey(model)) found.Add(model);
        }
    }
}
