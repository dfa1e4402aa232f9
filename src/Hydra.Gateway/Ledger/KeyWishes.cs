namespace Hydra.Gateway.Ledger;

/// <summary>Whether a new key can be as it is wished. Pure.</summary>
internal static class KeyWishes
{
    private const int NameCharsMax = 64, TextCharsMax = 256, ItemsMax = 64;
    private const decimal UsdLimit = 9_000_000m;

    /// <exception cref="KeyRefusedException">It cannot; the message lists everything that is wrong.</exception>
    public static void Check(NewKey wish, DateTimeOffset now)
    {
        var problems = new List<string>();
        if (wish.Name.Length is 0 or > NameCharsMax || !wish.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            problems.Add($"The name '{wish.Name}' must be 1 to {NameCharsMax} letters, digits, '.', '_' or '-'.");
        foreach (var text in (string?[])[wish.Team, wish.User, .. wish.Tags, .. wish.Models])
        {
            if (text is { Length: 0 or > TextCharsMax } || text?.Any(char.IsControl) == true) problems.Add($"'{text}' must be 1 to {TextCharsMax} characters without control characters.");
        }
        foreach (var tag in wish.Tags)
        {
            if (tag.IndexOf('=', StringComparison.Ordinal) <= 0) problems.Add($"The tag '{tag}' must be written NAME=VALUE.");
        }
        if (wish.Tags.Count > ItemsMax || wish.Models.Count > ItemsMax) problems.Add($"A key has at most {ItemsMax} tags and {ItemsMax} models.");
        if (wish.UsdMax is < 0 or > UsdLimit) problems.Add($"A budget is 0 to {UsdLimit:#,0} US dollars.");
        if (wish.TokensMax < 0 || wish.RequestsPerMinute < 1 || wish.TokensPerMinute < 1 || wish.ParallelMax < 1) problems.Add("A limit is a whole number from 1, a budget of tokens from 0.");
        if (wish.ExpiresAt <= now) problems.Add("The key would be expired from the start.");
        if (problems.Count > 0) throw new KeyRefusedException(string.Join('\n', problems));
    }
}
