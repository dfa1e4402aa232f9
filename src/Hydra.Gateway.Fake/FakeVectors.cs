using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Hydra.Gateway.Fake;

/// <summary>Vectors of made-up embeddings: the same text gives the same vector, another text another.</summary>
internal static class FakeVectors
{
    public static JsonArray Of(string text, int dimensions)
    {
        var vector = new JsonArray();
        for (var i = 0; i < Math.Clamp(dimensions, 1, 10_000); i++)
        {
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{i}:{text}"));
            vector.Add(Math.Round((BitConverter.ToUInt16(hash) / 32767.5) - 1, 4));
        }
        return vector;
    }
}
