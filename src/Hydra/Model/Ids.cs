namespace Hydra.Model;

/// <summary>Names one run: 1 to 64 of <c>[A-Za-z0-9_.-]</c>, not starting with a dot; 12 hexadecimal digits when Hydra makes it up.</summary>
public readonly record struct RunId
{
    private const int LengthMax = 64;

    public RunId(string text)
    {
        if (!IsValid(text)) throw new ArgumentException($"'{text}' is no run id: use 1 to {LengthMax} letters, digits, '_', '-' or '.', not starting with '.'.", nameof(text));
        Text = text;
    }

    public string Text { get; }

    public static bool IsValid(string? text) => text is { Length: > 0 and <= LengthMax } && text[0] != '.'
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    public override string ToString() => Text;
}

/// <summary>A node's name in its scope: <c>[A-Za-z_][A-Za-z0-9_-]*</c>, at most 128 characters.</summary>
public readonly record struct NodeId
{
    private const int LengthMax = 128;

    public NodeId(string text)
    {
        if (!IsValid(text)) throw new ArgumentException($"'{text}' is no node id.", nameof(text));
        Text = text;
    }

    public string Text { get; }

    public static bool IsValid(string? text)
    {
        if (text is not { Length: > 0 and <= LengthMax } || !(char.IsAsciiLetter(text[0]) || text[0] == '_')) return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-')) return false;
        }
        return true;
    }

    public override string ToString() => Text;
}
