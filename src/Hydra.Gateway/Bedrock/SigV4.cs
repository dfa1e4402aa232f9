using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Hydra.Gateway.Bedrock;

/// <summary>
/// Amazon's Signature Version 4 for a request in headers. Pure. Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html;
/// proven with the vectors of the signing test suite that Amazon publishes.
/// </summary>
/// <param name="Service">The service's name for signing: <c>bedrock</c>.</param>
internal sealed record SigV4(string AccessKeyId, string SecretAccessKey, string Region, string Service)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    public static string Date(DateTimeOffset now) =>
        now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The value of the <c>Authorization</c> header.</summary>
    /// <param name="path">The path as it goes over the wire: what is escaped there is escaped once more in the signature.</param>
    /// <param name="query">Names and values, not escaped.</param>
    /// <param name="headers">Every header to sign by its name in lower case; <c>host</c> and <c>x-amz-date</c> are a must.</param>
    public string Authorization(string method, string path, IEnumerable<(string Name, string Value)> query,
        IReadOnlyDictionary<string, string> headers, ReadOnlySpan<byte> body)
    {
        var date = headers["x-amz-date"];
        var ordered = headers.OrderBy(header => header.Key, StringComparer.Ordinal).ToArray();
        var names = string.Join(';', ordered.Select(header => header.Key));
        var parameters = query.Select(pair => $"{Escape(pair.Name)}={Escape(pair.Value)}").Order(StringComparer.Ordinal);
        var request = string.Join('\n', method, Escape(path, keepsSlash: true), string.Join('&', parameters),
            string.Concat(ordered.Select(header => $"{header.Key}:{Trim(header.Value)}\n")), names, Hex(SHA256.HashData(body)));
        var scope = $"{date[..8]}/{Region}/{Service}/aws4_request";
        var toSign = string.Join('\n', Algorithm, date, scope, Hex(SHA256.HashData(Encoding.UTF8.GetBytes(request))));

        var key = Encoding.UTF8.GetBytes("AWS4" + SecretAccessKey);
        foreach (var part in scope.Split('/')) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        var signature = Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        return $"{Algorithm} Credential={AccessKeyId}/{scope}, SignedHeaders={names}, Signature={signature}";
    }

    /// <summary>Never the secret: records print their members.</summary>
    public override string ToString() => $"SigV4 {{ {Region}/{Service} }}";

    private static string Escape(string text, bool keepsSlash = false)
    {
        var escaped = new StringBuilder();
        foreach (var one in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)one) || one is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~'
                || (keepsSlash && one == '/')) escaped.Append((char)one);
            else escaped.Append(CultureInfo.InvariantCulture, $"%{one:X2}");
        }
        return escaped.ToString();
    }

    /// <summary>Blanks at the ends go, and several become one.</summary>
    private static string Trim(string value) =>
        string.Join(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
