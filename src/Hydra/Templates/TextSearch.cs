namespace Hydra.Templates;

/// <summary>Finds a text in another in linear time, whatever both are: long patterns use Knuth, Morris and Pratt's table.</summary>
internal readonly struct TextSearch
{
    private const int ShortLengthMax = 64;

    private readonly string _pattern;
    private readonly int[]? _borders;

    public TextSearch(string pattern)
    {
        _pattern = pattern;
        if (pattern.Length <= ShortLengthMax) return;
        _borders = new int[pattern.Length];
        for (int i = 1, border = 0; i < pattern.Length; i++)
        {
            while (border > 0 && pattern[i] != pattern[border]) border = _borders[border - 1];
            if (pattern[i] == pattern[border]) border++;
            _borders[i] = border;
        }
    }

    public int Length => _pattern.Length;

    /// <summary>First place at or after <paramref name="start"/>, or -1.</summary>
    public int IndexIn(string text, int start)
    {
        if (_borders is null) return text.IndexOf(_pattern, start, StringComparison.Ordinal);
        for (int i = start, matched = 0; i < text.Length; i++)
        {
            while (matched > 0 && text[i] != _pattern[matched]) matched = _borders[matched - 1];
            if (text[i] == _pattern[matched]) matched++;
            if (matched == _pattern.Length) return i - matched + 1;
        }
        return -1;
    }

    public int CountIn(string text)
    {
        if (Length == 0) return CodePoints.Count(text) + 1;
        var count = 0;
        for (var at = 0; (at = IndexIn(text, at)) >= 0; at += Length) count++;
        return count;
    }
}
