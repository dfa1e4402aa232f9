namespace Hydra.Gateway.Resilience;

/// <summary>Health is kept apart for each: a deployment whose embeddings fail may still chat.</summary>
public enum OperationKind
{
    Chat,
    Embeddings,
}
