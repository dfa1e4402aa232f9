namespace Hydra.Model;

/// <summary>What one call used, in disjoint classes: no token is counted in two of them.</summary>
/// <param name="Input">Prompt tokens billed at the input rate: neither read from nor written to the provider's cache, and no audio.</param>
/// <param name="Output">Generated tokens without reasoning and audio.</param>
/// <param name="CacheRead">Prompt tokens read from the provider's prompt cache.</param>
/// <param name="CacheWrite">Prompt tokens written to the provider's prompt cache, for 5 minutes where there is more than one life.</param>
/// <param name="Reasoning">Generated tokens that the answer does not show.</param>
public readonly record struct TokenUsage(long Input, long Output, long CacheRead = 0, long CacheWrite = 0, long Reasoning = 0)
{
    /// <summary>Names of the counts beyond the usual ones, as <c>UsageDetails.AdditionalCounts</c> carries them.</summary>
    public const string CacheWriteKey = "cache_write_tokens", CacheWriteHourKey = "cache_write_1h_tokens",
        InputAudioKey = "input_audio_tokens", OutputAudioKey = "output_audio_tokens", ServerToolKey = "server_tool_units";

    /// <summary>Prompt tokens written to the provider's cache for one hour.</summary>
    public long CacheWriteHour { get; init; }
    /// <summary>Prompt tokens of sound.</summary>
    public long InputAudio { get; init; }
    /// <summary>Generated tokens of sound.</summary>
    public long OutputAudio { get; init; }
    /// <summary>Paid uses of the provider's own tools, such as searches of the web; these are no tokens.</summary>
    public long ServerToolUnits { get; init; }

    /// <summary>All tokens of the prompt.</summary>
    public long Prompt => Input + CacheRead + CacheWrite + CacheWriteHour + InputAudio;
    /// <summary>All tokens that were generated.</summary>
    public long Generated => Output + Reasoning + OutputAudio;
    public long Total => Prompt + Generated;

    public static TokenUsage operator +(TokenUsage left, TokenUsage right) => new(
        left.Input + right.Input, left.Output + right.Output, left.CacheRead + right.CacheRead,
        left.CacheWrite + right.CacheWrite, left.Reasoning + right.Reasoning)
    {
        CacheWriteHour = left.CacheWriteHour + right.CacheWriteHour,
        InputAudio = left.InputAudio + right.InputAudio,
        OutputAudio = left.OutputAudio + right.OutputAudio,
        ServerToolUnits = left.ServerToolUnits + right.ServerToolUnits,
    };

    /// <summary>The classes as the journal keeps them: five, and the four rarer ones only where one of them is not zero.</summary>
    public long[] ToCounts()
    {
        var isUsual = (CacheWriteHour | InputAudio | OutputAudio | ServerToolUnits) == 0;
        return isUsual ? [Input, Output, CacheRead, CacheWrite, Reasoning] : [Input, Output, CacheRead, CacheWrite, Reasoning, CacheWriteHour, InputAudio, OutputAudio, ServerToolUnits];
    }

    /// <summary>The inverse of <see cref="ToCounts"/>. Throws <see cref="InvalidOperationException"/> for a list that it cannot have written.</summary>
    public static TokenUsage OfCounts(ReadOnlySpan<Value> counts)
    {
        if (counts.Length is not (5 or 9)) throw new InvalidOperationException($"Tokens are counted in 5 or 9 classes, not in {counts.Length}.");
        var usual = new TokenUsage(counts[0].AsInteger, counts[1].AsInteger, counts[2].AsInteger, counts[3].AsInteger, counts[4].AsInteger);
        if (counts.Length == 5) return usual;
        return usual with
        {
            CacheWriteHour = counts[5].AsInteger, InputAudio = counts[6].AsInteger,
            OutputAudio = counts[7].AsInteger, ServerToolUnits = counts[8].AsInteger,
        };
    }

    /// <summary>
    /// Makes totals that contain their parts disjoint. A part that is larger than its total makes the rest zero, never negative.
    /// </summary>
    /// <param name="more">Further counts by the keys above.</param>
    public static TokenUsage OfTotals(long? input, long? output, long? cacheRead = null, long? reasoning = null,
        IReadOnlyDictionary<string, long>? more = null)
    {
        var usage = new TokenUsage(0, 0, Positive(cacheRead), Positive(More(CacheWriteKey)), Positive(reasoning))
        {
            CacheWriteHour = Positive(More(CacheWriteHourKey)),
            InputAudio = Positive(More(InputAudioKey)),
            OutputAudio = Positive(More(OutputAudioKey)),
            ServerToolUnits = Positive(More(ServerToolKey)),
        };
        return usage with { Input = Math.Max(0, (input ?? 0) - usage.Prompt), Output = Math.Max(0, (output ?? 0) - usage.Generated) };

        long? More(string key) => more is not null && more.TryGetValue(key, out var count) ? count : null;
        static long Positive(long? count) => Math.Max(0, count ?? 0);
    }
}
