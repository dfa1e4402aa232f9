using System.Net;
using Hydra.Gateway.Config;
using Hydra.Model;

namespace Hydra.Gateway.Doors;

/// <summary>Where a gateway may listen: without keys on this machine only.</summary>
public static class ListenRule
{
    /// <summary>Why this configuration may not listen there; null: it may.</summary>
    /// <param name="urls">Addresses, separated by semicolons.</param>
    public static string? Check(GatewayConfig config, string urls) => config.AuthRequired || IsLoopback(urls) ? null
        : $"{ProblemCodes.OpenGateway} {urls}: without keys (`auth: {{required: false}}`) the gateway listens on loopback only, since whoever finds it would spend your money. Use http://127.0.0.1:4000, or require keys.";

    /// <summary>Whether every address can be reached from this machine only.</summary>
    public static bool IsLoopback(string urls) => urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .All(url => Uri.TryCreate(url, UriKind.Absolute, out var uri) && (uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address))));
}
