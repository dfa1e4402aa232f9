using System.Text.RegularExpressions;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Offline;

/// <summary>
/// The offline model calls a tool only where the prompt spells the call out: a line <c>@tool NAME {"argument": …}</c>, one line a turn, in
/// order. So tool loops can be rehearsed and tested without a model that decides.
/// </summary>
internal static partial class OfflineCalls
{
    [GeneratedRegex("""^[ \t]*@tool[ \t]+(?<name>[A-Za-z0-9_-]{1,64})[ \t]*(?<arguments>\{.*\})?[ \t]*$""", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 2_000)]
    private static partial Regex Line { get; }

    /// <summary>The prompt without its calls.</summary>
    public static string Without(string prompt) => Line.Replace(prompt, "").Trim();

    /// <summary>The next call that the prompt spells out and that has not been made; null: none, or no such tool is offered.</summary>
    public static FunctionCallContent? Next(IReadOnlyList<ChatMessage> messages, string prompt, ChatOptions? options)
    {
        if (options?.Tools is not { Count: > 0 } tools || options.ToolMode is NoneChatToolMode) return null;
        var asked = messages.Select((message, at) => (message.Role, at)).LastOrDefault(message => message.Role == ChatRole.User).at;
        var made = messages.Skip(asked + 1).SelectMany(message => message.Contents).OfType<FunctionCallContent>().Count();
        var lines = Line.Matches(prompt).Where(line => tools.Any(tool => tool.Name == line.Groups["name"].Value)).ToList();
        if (made >= lines.Count) return null;
        var name = lines[made].Groups["name"].Value;
        return new FunctionCallContent($"offline-call-{made + 1}", name, ToolText.ParseArguments(name, lines[made].Groups["arguments"].Value, default));
    }
}
