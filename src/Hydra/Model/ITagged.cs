namespace Hydra.Model;

/// <summary>The options of a model call that say what it is for, so that budgets of tags cover it and the ledger can tell.</summary>
public interface ITagged
{
    /// <summary>Labels written <c>NAME=VALUE</c>.</summary>
    IReadOnlyList<string> Tags { get; }
}
