using System.Text;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Offline;

/// <summary>
/// Vectors without a model: each word and each run of three letters in it adds ±1 to one place, chosen by its hash (feature hashing,
/// Weinberger et al. 2009), then the vector is brought to length 1. Texts that share words lie near each other; meaning is unknown to
/// it. Deterministic on every machine, free, needs no network.
/// </summary>
internal sealed class OfflineEmbedder(ModelFacts facts) : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>Length of a vector when nobody says.</summary>
    public const int DimensionsByDefault = 256;
    private const int DimensionsMax = 65_536;
    private readonly EmbeddingGeneratorMetadata _metadata = new("offline", null, facts.Id, DimensionsByDefault);

    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values,
        EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var dimensions = options?.Dimensions ?? DimensionsByDefault;
        if (dimensions is < 1 or > DimensionsMax)
        {
            throw new CallFailedException(ErrorCode.BadRequest, $"The offline model gives 1 to {DimensionsMax} dimensions, not {dimensions}.");
        }
        var all = new GeneratedEmbeddings<Embedding<float>>();
        long tokens = 0;
        foreach (var text in values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            all.Add(new Embedding<float>(Vector(text, dimensions)) { ModelId = facts.Id });
            tokens += TokenCount.Of(text);
        }
        all.Usage = UsageReader.ToDetails(new TokenUsage(tokens, 0));
        return Task.FromResult(all);
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        if (serviceKey is not null) return null;
        if (serviceType == typeof(EmbeddingGeneratorMetadata)) return _metadata;
        if (serviceType == typeof(ModelFacts)) return facts;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    public void Dispose()
    {
        // There is nothing to give back.
    }

    private static float[] Vector(string text, int dimensions)
    {
        var sums = new double[dimensions];
        var word = new StringBuilder();
        foreach (var letter in text.ToLowerInvariant().Append(' '))
        {
            if (char.IsLetterOrDigit(letter))
            {
                word.Append(letter);
                continue;
            }
            if (word.Length > 0) AddWord(word.ToString());
            word.Clear();
        }
        var length = Math.Sqrt(sums.Sum(value => value * value));
        // A text without words, or whose parts cancel out, still needs a direction.
        if (length == 0) (sums[Hash(text) % (uint)dimensions], length) = (1, 1);
        return [.. sums.Select(value => (float)(value / length))];

        void AddWord(string whole)
        {
            Add(whole, 1);
            var padded = $"^{whole}$";
            for (var i = 0; i + 3 <= padded.Length; i++) Add(padded.Substring(i, 3), 0.5);
        }

        void Add(string feature, double weight)
        {
            var hash = Hash(feature);
            sums[hash % (uint)dimensions] += (hash >> 31) == 0 ? weight : -weight;
        }
    }

    /// <summary>FNV-1a with a final mix: the same on every machine, unlike <see cref="string.GetHashCode()"/>.</summary>
    private static uint Hash(string text)
    {
        var hash = 2_166_136_261u;
        foreach (var value in Encoding.UTF8.GetBytes(text)) hash = (hash ^ value) * 16_777_619u;
        hash ^= hash >> 16;
        hash *= 0x85eb_ca6bu;
        return hash ^ (hash >> 13);
    }
}
