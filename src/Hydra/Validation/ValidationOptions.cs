using Hydra.Model;

namespace Hydra.Validation;

/// <summary>What is known besides the file, and how strict to be.</summary>
public sealed record ValidationOptions
{
    public static ValidationOptions Default { get; } = new();

    /// <summary>Warnings count as errors. Default: false.</summary>
    public bool Strict { get; init; }
    /// <summary>Says which models somebody answers for; null: models are not looked up.</summary>
    public IModelCatalog? Models { get; init; }
    /// <summary>Names of the inputs that the run is given; null: not known, so free-form inputs are not checked.</summary>
    public IReadOnlyCollection<string>? KnownInputs { get; init; }
    /// <summary>Agents known besides those of the file.</summary>
    public IReadOnlyCollection<string> KnownAgents { get; init; } = [];
    /// <summary>Agents that could be named, for "did you mean"; asked only where a name is wrong.</summary>
    public Func<IReadOnlyCollection<string>> NearAgents { get; init; } = static () => [];
}
