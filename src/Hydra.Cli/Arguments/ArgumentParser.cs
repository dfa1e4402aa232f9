using Hydra.Model;

namespace Hydra.Cli;

/// <summary>
/// Reads the words behind a verb: <c>--name value</c>, <c>--name=value</c>, <c>-n value</c>, <c>-nvalue</c>, and <c>--</c>
/// after which every word stands for itself. Throws <see cref="UsageException"/>.
/// </summary>
internal static class ArgumentParser
{
    public static ParsedArguments Parse(Verb verb, ReadOnlySpan<string> words)
    {
        var values = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var positionals = new List<string>();
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i];
            if (word == "--")
            {
                positionals.AddRange(words[(i + 1)..]);
                break;
            }
            if (word.Length < 2 || word[0] != '-')
            {
                positionals.Add(word);
                continue;
            }
            var (option, inline) = Find(verb, word);
            if (option.IsLater) throw new UsageException($"{option.Name} is not supported yet.");
            if (!values.TryGetValue(option.Name, out var given)) values[option.Name] = given = [];
            else if (!option.IsMany) throw new UsageException($"{option.Name} is given twice.");
            if (option.Value is null)
            {
                if (inline is not null) throw new UsageException($"{option.Name} takes no value; it was given '{inline}'.");
                given.Add("");
                continue;
            }
            if (inline is null && ++i >= words.Length) throw new UsageException($"{option.Name} needs a value: {option.Name} {option.Value}.");
            given.Add(inline ?? words[i]);
        }
        if (positionals.Count > verb.PositionalsMax)
            throw new UsageException($"'{positionals[verb.PositionalsMax]}' is one word too many. Usage: hydra {verb.Name} {verb.Arguments}{InputHint(verb, positionals[verb.PositionalsMax])}");
        if (positionals.Count < verb.PositionalsMin && !values.ContainsKey(CommonOptions.Help.Name))
            throw new UsageException($"{(positionals.Count == 0 ? verb.Arguments : string.Join(' ', verb.Arguments.Split(' ')[positionals.Count..verb.PositionalsMin]))} is missing. Usage: hydra {verb.Name} {verb.Arguments}");
        return new ParsedArguments(verb, [verb.Name, .. words], positionals, values);
    }

    private static (Option Option, string? Inline) Find(Verb verb, string word)
    {
        var at = word.IndexOf('=', StringComparison.Ordinal);
        var name = at < 0 ? word : word[..at];
        var inline = at < 0 ? null : word[(at + 1)..];
        foreach (var option in verb.Options)
        {
            if (option.Name == name || option.Short == name) return (option, inline);
            if (option is { Short: { } brief, Value: not null } && word.StartsWith(brief, StringComparison.Ordinal) && word[1] != '-') return (option, word[brief.Length..]);
        }
        throw new UsageException($"`hydra {verb.Name}` has no option '{name}'.{DidYouMean.Hint(name, verb.Options.Select(option => option.Name))} `hydra help {verb.Name}` lists them.");
    }

    private static string InputHint(Verb verb, string word) =>
        word.Contains('=') && verb.Options.Any(option => option.Short == "-i") ? $". Is it an input? Write -i {word}" : "";
}

/// <summary>What was given to a verb.</summary>
internal sealed class ParsedArguments(Verb verb, IReadOnlyList<string> words, IReadOnlyList<string> positionals, IReadOnlyDictionary<string, List<string>> values)
{
    public Verb Verb { get; } = verb;
    /// <summary>The verb and all that followed, as given.</summary>
    public IReadOnlyList<string> Words { get; } = words;
    public IReadOnlyList<string> Positionals { get; } = positionals;

    public bool Has(Option option) => values.ContainsKey(option.Name);
    public string? Get(Option option) => values.TryGetValue(option.Name, out var given) ? given[0] : null;
    public IReadOnlyList<string> All(Option option) => values.TryGetValue(option.Name, out var given) ? given : [];

    /// <summary>A whole number within bounds; null when not given.</summary>
    public long? Integer(Option option, long min, long max)
    {
        if (Get(option) is not { } text) return null;
        if (long.TryParse(text.Replace("_", "", StringComparison.Ordinal), out var number) && number >= min && number <= max) return number;
        throw new UsageException($"{option.Name} is '{text}'; it must be a whole number from {min} to {max}.");
    }

    /// <summary>An amount of US dollars, more than zero; null when not given.</summary>
    public MicroUsd? Usd(Option option)
    {
        if (Get(option) is not { } text) return null;
        if (decimal.TryParse(text.TrimStart('$'), out var usd) && usd is >= 0 and <= 1_000_000_000) return MicroUsd.FromUsd(usd);
        throw new UsageException($"{option.Name} is '{text}'; it must be an amount in US dollars, such as 2.50.");
    }

    /// <summary>One word out of a closed set; <paramref name="byDefault"/> when not given.</summary>
    public string Choice(Option option, string byDefault, params ReadOnlySpan<string> choices)
    {
        if (Get(option) is not { } text) return byDefault;
        foreach (var choice in choices)
        {
            if (choice == text) return text;
        }
        var known = choices.ToArray();
        throw new UsageException($"{option.Name} is '{text}'.{DidYouMean.Hint(text, known)} Write one of {string.Join(", ", known)}.");
    }

    /// <summary>The <c>k=v</c> pairs of an option that may be given several times.</summary>
    public IEnumerable<(string Key, string Value)> Pairs(Option option)
    {
        foreach (var text in All(option))
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0) throw new UsageException($"{option.Name} is '{text}'; write it as {option.Value}.");
            yield return (text[..at], text[(at + 1)..]);
        }
    }
}
