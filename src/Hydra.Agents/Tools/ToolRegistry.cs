using Hydra.Agents.Mcp;
using Hydra.Agents.Memory;
using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Agents.Tools;

/// <summary>
/// The tools that a program offers to its agents, by name. Fill it before the first workflow is checked; afterwards it is only
/// read, from any thread. What is registered can be listed by an agent; nothing is called that its agent does not list.
/// </summary>
public sealed class ToolRegistry
{
    private readonly Dictionary<string, ITool> _tools = new(StringComparer.Ordinal);
    private readonly Lazy<AgentMemory> _ownMemory = new(AgentMemory.OfProcess);

    /// <summary>How MCP servers that ask for it are signed in to; null: they cannot be used.</summary>
    public McpAuthorization? McpAuthorization { get; init; }

    /// <summary>Where agents with <c>memory</c> keep their notes.</summary>
    /// <value>Default: a memory that ends with this registry.</value>
    public AgentMemory Memory
    {
        get => field ?? _ownMemory.Value;
        init;
    }

    /// <summary>Registered names in order.</summary>
    public IReadOnlyCollection<string> Names => [.. _tools.Keys.Order(StringComparer.Ordinal)];

    /// <exception cref="ArgumentException">The name is taken or no tool name, or a schema of it cannot be compiled.</exception>
    public ToolRegistry Add(ITool tool)
    {
        ArgumentNullException.ThrowIfNull(tool);
        var facts = tool.Facts;
        if (!IsName(facts.Name)) throw new ArgumentException($"'{facts.Name}' is no tool name: 1 to 64 letters, digits, '_' and '-'.", nameof(tool));
        try
        {
            JsonSchema.Compile(facts.Arguments);
            if (facts.Output is { } output) JsonSchema.Compile(output);
        }
        catch (JsonSchemaException wrong)
        {
            throw new ArgumentException($"A schema of the tool '{facts.Name}' cannot be compiled: {wrong.Message}", nameof(tool), wrong);
        }
        if (ToolKinds.Undeclared.Contains(facts.Name) || !_tools.TryAdd(facts.Name, tool)) throw new ArgumentException($"A tool '{facts.Name}' is there already.", nameof(tool));
        return this;
    }

    /// <summary>For tests: a tool in the place of one that is there, also of one that comes with Hydra.</summary>
    internal void PutInPlace(ITool tool) => _tools[tool.Facts.Name] = tool;

    public ITool? Find(string name) => _tools.GetValueOrDefault(name);

    internal static bool IsName(string name) => name.Length is > 0 and <= 64 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-');
}
