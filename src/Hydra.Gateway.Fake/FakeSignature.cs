using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Hydra.Gateway.Fake;

/// <summary>
/// Checks Amazon's Signature Version 4 as the real service does: from what came over the wire, not from what the client meant. Written
/// apart from the client's signer, so that the two prove each other.
/// </summary>
public static class FakeSignature
{
    /// <summary>The key pair that the fake provider knows; every other is refused.</summary>
    public const string AccessKeyId = "AKIDFAKEPROVIDER";
    public const string SecretAccessKey = "fake-secret-access-key";

    /// <summary>What is wrong with the request's signature, as Amazon's error type; null when it is right.</summary>
    internal static string? Fault(HttpRequest request, string body)
    {
        var authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith("Bearer ", StringComparison.Ordinal)) return null;
        if (!authorization.StartsWith("AWS4-HMAC-SHA256 ", StringComparison.Ordinal)) return "MissingAuthenticationTokenException";
        var fields = authorization[17..].Split(", ").Select(field => field.Split('=', 2)).Where(field => field.Length == 2)
            .ToDictionary(field => field[0], field => field[1], StringComparer.Ordinal);
        var scope = fields.GetValueOrDefault("Credential", "").Split('/');
        var date = request.Headers["x-amz-date"].ToString();
        if (scope is not [AccessKeyId, var day, _, "bedrock", "aws4_request"]) return "UnrecognizedClientException";
        if (date.Length != 16 || !date.StartsWith(day, StringComparison.Ordinal)) return "InvalidSignatureException";
        var signed = fields.GetValueOrDefault("SignedHeaders", "").Split(';');
        if (!signed.Contains("host") || !signed.Contains("x-amz-date")) return "InvalidSignatureException";
        if (request.Headers.ContainsKey("x-amz-security-token") && !signed.Contains("x-amz-security-token")) return "InvalidSignatureException";

        var canonical = new StringBuilder();
        canonical.Append(request.Method).Append('\n').Append(FakeDoor.RawPath(request).Replace("%", "%25", StringComparison.Ordinal)).Append("\n\n");
        foreach (var name in signed) canonical.Append(CultureInfo.InvariantCulture, $"{name}:{request.Headers[name]}\n");
        canonical.Append('\n').AppendJoin(';', signed).Append('\n').Append(Digest(body));
        var text = $"AWS4-HMAC-SHA256\n{date}\n{string.Join('/', scope[1..])}\n{Digest(canonical.ToString())}";
        var key = Encoding.UTF8.GetBytes("AWS4" + SecretAccessKey);
        for (var i = 1; i < scope.Length; i++) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(scope[i]));
        var wanted = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
        return wanted == fields.GetValueOrDefault("Signature") ? null : "InvalidSignatureException";
    }

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
