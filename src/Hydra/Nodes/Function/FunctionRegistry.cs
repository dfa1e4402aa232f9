using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>
/// The functions that a program offers to its workflows, by name. Fill it before the first workflow is checked; afterwards it
/// is only read, from any thread, and functions are called from many threads at once.
/// </summary>
public sealed class FunctionRegistry
{
    private readonly Dictionary<string, Func<Value, CancellationToken, ValueTask<Value>>> _functions = new(StringComparer.Ordinal);

    /// <summary>Registered names in order.</summary>
    public IReadOnlyCollection<string> Names => [.. _functions.Keys.Order(StringComparer.Ordinal)];

    /// <summary>
    /// Registers a function. It is given the node's <c>arguments</c> (null when there are none) and gives the node's result; what it
    /// throws fails the node, with the code of a <see cref="CallFailedException"/> and else <c>tool_failed</c>.
    /// </summary>
    /// <exception cref="ArgumentException">The name is taken or empty.</exception>
    public FunctionRegistry Add(string name, Func<Value, CancellationToken, ValueTask<Value>> function)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(function);
        if (!_functions.TryAdd(name, function)) throw new ArgumentException($"A function '{name}' is registered already.", nameof(name));
        return this;
    }

    /// <summary>Registers a function that has nothing to wait for.</summary>
    public FunctionRegistry Add(string name, Func<Value, Value> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Add(name, (arguments, _) => new(function(arguments)));
    }

    internal Func<Value, CancellationToken, ValueTask<Value>>? Find(string name) => _functions.GetValueOrDefault(name);
}
