using Hydra.Model;

namespace Hydra.Agents.Tools;

/// <summary>Tells a tool that can do anything by what its arguments are called: a policy cannot say what such a call does.</summary>
internal static class AnythingTool
{
    private static readonly (string[] Names, string Doubt)[] Words =
    [
        (["command", "cmd", "shell", "shell_command", "bash", "argv"], "runs any command"),
        (["code", "script", "program", "source_code", "expression", "eval", "python", "javascript"], "runs any code"),
    ];
    private static readonly string[] Addresses = ["url", "uri", "endpoint", "address", "webhook", "href"];
    private static readonly string[] Statements = ["sql", "query", "statement", "statements"];

    /// <param name="hasHosts">Its declaration lists the hosts it may reach.</param>
    public static IEnumerable<string> Doubts(ToolFacts facts, bool hasHosts)
    {
        if (facts.NeedsSandbox || facts.Arguments.AsObject.GetOrNull("properties") is not { IsObject: true } properties) yield break;   // said of these anyway
        foreach (var (names, doubt) in Words)
            if (Named(names) is { } name) yield return $"{doubt} that its argument '{name}' holds; offer a tool that does the one thing instead";
        if (!hasHosts && facts.IsOutward && Named(Addresses) is { } address) yield return $"goes to any address that its argument '{address}' holds; offer one with a list of hosts";
        if (facts.Effect != EffectClass.Pure && Named(Statements) is { } statement) yield return $"writes by any SQL that its argument '{statement}' may hold; offer the one statement with parameters, or declare it 'effect: pure' where it only reads";

        string? Named(string[] names) => properties.AsObject.Keys.FirstOrDefault(key => names.Contains(key, StringComparer.OrdinalIgnoreCase));
    }
}
