using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>One HTTP request. Private addresses are refused unless the node allows their host.</summary>
public sealed partial class HttpNode
{
    private static readonly string[] Schemes = ["http://", "https://"];

    public string Name => "http";
    public string Description => "Sends one HTTP request; the result is the body, parsed when it is JSON. Private addresses are refused unless allowed.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("url", new Shape.Template(), "The address, http or https.") { IsRequired = true },
        new("method", new Shape.Choice("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), "The method. Default: GET."),
        new("headers", new Shape.MapOf(new Shape.Template()), "Request headers by name."),
        new("body", new Shape.Templates(), "The request's body: text as it is, anything else as JSON."),
        new("allow_hosts", new Shape.ListOf(new Shape.Text(), 1000), "Hosts that may be called, `*.example.org` for all below one; private addresses only when listed."),
    ];

    /// <summary>What may be sent with any method; a plan takes GET for pure and PUT for idempotent.</summary>
    public NodeTraits Traits { get; } = new() { Effect = EffectClass.Irreversible };

    public NodeTraits TraitsOf(NodeSpec node, WorkflowSpec workflow) => Traits with
    {
        Brings = node.Policy.Labels is { IsTrusted: true } ? default : Labels.Untrusted,
        SendsOut = new[] { "url", "headers", "body" }.FirstOrDefault(field => node.Fields.GetOrNull(field) is { IsNull: false } value && value.ToJson().Contains("{{", StringComparison.Ordinal)) is { } sent ? $"its `{sent}`" : null,
    };

    public void Check(NodeSpec node, CheckContext context)
    {
        var url = node.Fields.GetOrNull("url").TextOrNull ?? "";
        var method = node.Fields.GetOrNull("method").TextOrNull ?? "GET";
        if (node.Fields.ContainsKey("body") && method is "GET" or "HEAD")
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("body"), $"node '{node.Id}' sends a body with {method}. Write 'method: POST', or remove `body`.");
        foreach (var host in node.Fields.GetOrNull("allow_hosts") is { IsList: true } hosts ? hosts.Items : [])
        {
            if (IsHost(host.AsText)) continue;
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("allow_hosts"), $"node '{node.Id}' allows the host '{host.AsText}', which is no host name. Write a name, an address or '*.example.org', without scheme, path or port.");
        }
        var template = url.IndexOf("{{", StringComparison.Ordinal);
        var isStatement = url.Contains("{%", StringComparison.Ordinal);
        if (template < 0 && !isStatement && !Schemes.Any(scheme => url.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)))
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("url"), $"node '{node.Id}' calls '{(url.Length > 60 ? url[..60] + "…" : url)}', which is no http or https address. Write it in full: 'https://…'.");
        if (template >= 0 && !node.Fields.ContainsKey("allow_hosts") && HostIsTemplated(url, template))
            context.Problems.Warning(ProblemCodes.FieldConflict, node.PlaceOf("url"), $"node '{node.Id}' takes its host from a template, so data decides who is called. List the hosts it may call in `allow_hosts`.");
    }

    private static bool HostIsTemplated(string url, int template)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0 || template < scheme) return true;
        var path = url.AsSpan(scheme + 3).IndexOfAny('/', '?', '#');
        return path < 0 || template < scheme + 3 + path;
    }

    private static bool IsHost(string text)
    {
        var host = text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text;
        return host.Length > 0 && Uri.CheckHostName(host.Trim('[', ']')) != UriHostNameType.Unknown;
    }
}
