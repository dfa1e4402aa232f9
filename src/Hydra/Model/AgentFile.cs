namespace Hydra.Model;

/// <summary>An agent as its file says: checked for shape, nothing looked up.</summary>
/// <param name="Path">The file's name as given.</param>
/// <param name="Fields">The front matter in the form of <see cref="AgentFields"/>, with the text below it as <c>instructions</c>.</param>
public sealed record AgentFile(string Path, ValueMap Fields)
{
    public string Name => Fields["name"].AsText;
    public string Description => Fields["description"].AsText;
    /// <summary>The version: SHA-256 of the fields' canonical form, as 64 hexadecimal digits. Comments and the order of keys make no difference.</summary>
    public string Hash => StepKey.Of(Fields);
}

/// <summary>Where agents are found that a workflow does not define itself.</summary>
public interface IAgentSource
{
    /// <summary>Names that can be found, for "did you mean".</summary>
    IReadOnlyCollection<string> Names { get; }

    /// <summary>The agent's file; null where there is none or it has errors, which are then in <paramref name="problems"/>.</summary>
    AgentFile? Find(string name, ProblemList problems);
}
