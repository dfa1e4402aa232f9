namespace Hydra.Schemas;

/// <summary>
/// A URI reference in its five parts (RFC 3986 appendix B) and its resolution against a base (§5.2). Nothing is normalised
/// but dot segments: identifiers of schemas are compared as they are written.
/// </summary>
internal readonly record struct UriReference(string? Scheme, string? Authority, string Path, string? Query, string? Fragment)
{
    public static UriReference Parse(string text)
    {
        string? scheme = null, authority = null, query = null, fragment = null;
        var rest = text;
        var hash = rest.IndexOf('#', StringComparison.Ordinal);
        if (hash >= 0) (rest, fragment) = (rest[..hash], rest[(hash + 1)..]);
        var ask = rest.IndexOf('?', StringComparison.Ordinal);
        if (ask >= 0) (rest, query) = (rest[..ask], rest[(ask + 1)..]);
        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && IsScheme(rest.AsSpan(0, colon))) (scheme, rest) = (rest[..colon], rest[(colon + 1)..]);
        if (rest.StartsWith("//", StringComparison.Ordinal))
        {
            var slash = rest.IndexOf('/', 2);
            if (slash < 0) slash = rest.Length;
            (authority, rest) = (rest[2..slash], rest[slash..]);
        }
        return new(scheme, authority, rest, query, fragment);
    }

    public UriReference ResolveAgainst(UriReference root)
    {
        if (Scheme is not null) return this with { Path = WithoutDots(Path) };
        if (Authority is not null) return this with { Scheme = root.Scheme, Path = WithoutDots(Path) };
        if (Path.Length == 0) return root with { Query = Query ?? root.Query, Fragment = Fragment };
        return new(root.Scheme, root.Authority, WithoutDots(Path[0] == '/' ? Path : MergedWith(root)), Query, Fragment);
    }

    /// <summary>The text without the fragment.</summary>
    public string Document =>
        $"{(Scheme is null ? "" : Scheme + ":")}{(Authority is null ? "" : "//" + Authority)}{Path}{(Query is null ? "" : "?" + Query)}";

    private string MergedWith(UriReference root) =>
        root.Authority is not null && root.Path.Length == 0 ? "/" + Path : root.Path[..(root.Path.LastIndexOf('/') + 1)] + Path;

    private static bool IsScheme(ReadOnlySpan<char> text)
    {
        if (!char.IsAsciiLetter(text[0])) return false;
        foreach (var letter in text)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('+' or '-' or '.')) return false;
        }
        return true;
    }

    private static string WithoutDots(string path)
    {
        if (!path.Contains("/.", StringComparison.Ordinal) && !path.StartsWith('.')) return path;
        var kept = new List<string>();
        var parts = path.Split('/');
        for (var i = 0; i < parts.Length; i++)
        {
            var isLast = i == parts.Length - 1;
            if (parts[i] == "..")
            {
                if (kept.Count > 1) kept.RemoveAt(kept.Count - 1);
                if (isLast) kept.Add("");
            }
            else if (parts[i] != ".") kept.Add(parts[i]);
            else if (isLast) kept.Add("");
        }
        return string.Join('/', kept);
    }
}
