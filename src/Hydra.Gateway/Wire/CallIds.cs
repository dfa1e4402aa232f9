using System.Globalization;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>
/// Ids for tool calls of providers that give none. The same conversation gets the same ids again, and no id twice.
/// </summary>
internal sealed class CallIds
{
    /// <summary>Most tool calls of one answer.</summary>
    public const int CallCountMax = 1_000;
    private const string Prefix = "hydra_call_";

    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private int _next;

    public CallIds(IEnumerable<ChatMessage> messages)
    {
        foreach (var call in messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>())
        {
            _taken.Add(call.CallId);
            _next++;
        }
    }

    /// <summary>The provider's id, or a new one; null when the provider gave one that is taken.</summary>
    public string? Take(string? given)
    {
        if (given is { Length: > 0 }) return _taken.Add(given) ? given : null;
        while (true)
        {
            var id = Prefix + (_next++).ToString(CultureInfo.InvariantCulture);
            if (_taken.Add(id)) return id;
        }
    }

    /// <summary>Whether the id was made here, so that its provider never saw it.</summary>
    public static bool IsOurs(string id) => id.StartsWith(Prefix, StringComparison.Ordinal);
}
