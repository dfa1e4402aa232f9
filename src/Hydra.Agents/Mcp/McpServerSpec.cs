using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Parsing;
using Hydra.Templates;

namespace Hydra.Agents.Mcp;

/// <summary>An entry of <c>mcp_servers</c>, read and checked; its variables are not filled in yet.</summary>
internal sealed record McpServerSpec
{
    /// <value>1 to 32 letters, digits, <c>_</c> and <c>-</c>, so that <c>server__tool</c> is a name that models can be told.</value>
    public required string Name { get; init; }
    public string? Command { get; init; }
    public IReadOnlyList<string> Arguments { get; init; } = [];
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public Uri? Url { get; init; }
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(30);
    public bool TrustsHints { get; init; }
    public IReadOnlyList<string> Roots { get; init; } = [];
    /// <summary>How the program is confined, by name; null: as the run's other programs are.</summary>
    public string? Sandbox { get; init; }
    /// <summary>What the server is answered when it asks the user something.</summary>
    public McpFormRule Forms { get; init; }
    public BreakerSpec Breaker { get; init; } = new();

    /// <summary>What is started or called, as people read it: the pin is for this and nothing else. Holds no variable's value.</summary>
    public string Source => Command is null ? Url!.AbsoluteUri : string.Join(' ', Arguments.Prepend(Command));

    public static ValueMap Declared(WorkflowSpec workflow) => workflow.Extensions.GetOrNull("mcp_servers") is { IsObject: true } servers ? servers.AsObject : ValueMap.Empty;

    /// <summary>The server of that name; null with what is wrong in words.</summary>
    public static McpServerSpec? Find(WorkflowSpec workflow, string name, out string wrong)
    {
        var all = Declared(workflow);
        if (!all.TryGetValue(name, out var declared))
        {
            wrong = $"the MCP server '{name}' is not defined.{DidYouMean.Hint(name, all.Keys)} Define it under `mcp_servers`, with `command` or `url`";
            return null;
        }
        var map = declared.AsObject;
        var command = map.GetOrNull("command").TextOrNull;
        var written = map.GetOrNull("url").TextOrNull;
        Uri? url = null;
        wrong = name.Length is 0 or > 32 || !Array.TrueForAll(name.ToCharArray(), letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-') ? $"the MCP server '{name}' has a name that models cannot be told. Write 1 to 32 letters, digits, '_' and '-'"
            : (command is null) == (written is null) ? $"the MCP server '{name}' needs either `command` (a program to start) or `url` (an address to call)"
            : written is not null && (!Uri.TryCreate(written, UriKind.Absolute, out url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0) ? $"the MCP server '{name}' has the url '{written}', which is no http or https address without a password. Secrets go in `headers`, from the environment"
            : command is null && (map.ContainsKey("args") || map.ContainsKey("env")) ? $"the MCP server '{name}' is called by `url`, and `args` and `env` are for programs. Leave them out"
            : command is not null && map.ContainsKey("headers") ? $"the MCP server '{name}' is a program, and `headers` are for a `url`. Leave them out"
            : command is null && map.ContainsKey("sandbox") ? $"the MCP server '{name}' is called by `url`, and `sandbox` is for programs. Leave it out"
            : "";
        if (wrong.Length > 0) return null;
        return new McpServerSpec
        {
            Name = name,
            Command = command,
            Arguments = TextsOf(map, "args"),
            Environment = MapOf(map, "env"),
            Url = url,
            Headers = MapOf(map, "headers"),
            StartTimeout = map.GetOrNull("timeout_seconds") is { IsNumeric: true } seconds ? TimeSpan.FromSeconds(seconds.AsNumber) : TimeSpan.FromSeconds(30),
            TrustsHints = map.GetOrNull("trust_hints") is { Kind: ValueKind.Boolean, AsBoolean: true },
            Roots = TextsOf(map, "roots"),
            Sandbox = map.GetOrNull("sandbox").TextOrNull switch { null or "inherit" => null, "none" => "inprocess", var named => named },
            Forms = WireNames.TryParse<McpFormRule>(map.GetOrNull("forms").TextOrNull ?? "refuse", out var forms) ? forms : McpFormRule.Refuse,
            Breaker = map.GetOrNull("breaker") is { IsObject: true } breaker ? PolicyReader.Breaker(breaker.AsObject) : new BreakerSpec(),
        };
    }

    /// <summary>The same with what the values of <c>env</c> and <c>headers</c> refer to (<see cref="ToolSecrets"/>).</summary>
    /// <exception cref="CallFailedException">It is not there, or not allowed.</exception>
    public McpServerSpec Filled(ITemplateScope scope, string folder) => this with { Environment = Filled(Environment, scope, folder), Headers = Filled(Headers, scope, folder) };

    private Dictionary<string, string> Filled(IReadOnlyDictionary<string, string> values, ITemplateScope scope, string folder) =>
        ToolSecrets.Filled($"the MCP server '{Name}'", values, scope, folder).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);

    private static IReadOnlyList<string> TextsOf(ValueMap map, string name) => map.GetOrNull(name) is { IsList: true } list ? [.. list.Items.Select(item => item.AsText)] : [];
    private static Dictionary<string, string> MapOf(ValueMap map, string name) =>
        map.GetOrNull(name) is { IsObject: true } inner ? inner.AsObject.ToDictionary(pair => pair.Key, pair => pair.Value.AsText, StringComparer.Ordinal) : new(StringComparer.Ordinal);
}
