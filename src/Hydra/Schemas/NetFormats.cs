using System.Globalization;

namespace Hydra.Schemas;

/// <summary>The formats of validation §7.3.2 to §7.3.6 that come from the network's own standards.</summary>
internal static class NetFormats
{
    private const string Unreserved = "-._~", SubDelimiters = "!$&'()*+,;=";

    /// <summary>Mailbox of RFC 5321 §4.1.2; international: RFC 6531.</summary>
    public static bool IsEmail(string text, bool isInternational)
    {
        var at = text.LastIndexOf('@');
        if (at is < 1 or > 64 || at == text.Length - 1) return false;
        var local = text.AsSpan(0, at);
        var domain = text.AsSpan(at + 1);
        if (!(local[0] == '"' ? IsQuoted(local, isInternational) : IsDotted(local, isInternational))) return false;
        if (domain[0] != '[') return isInternational && domain.ContainsAnyExceptInRange('\0', '\u007f') ? !domain.ContainsAny(' ', '@') : IsHostname(domain);
        if (domain[^1] != ']') return false;
        var literal = domain[1..^1];
        return literal.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase) ? IsIpv6(literal[5..]) : IsIpv4(literal);
    }

    /// <summary>RFC 1123 §2.1: labels of letters, digits and inner hyphens.</summary>
    public static bool IsHostname(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 253) return false;
        foreach (var range in text.Split('.'))
        {
            var label = text[range];
            if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-') return false;
            foreach (var letter in label)
            {
                if (!char.IsAsciiLetterOrDigit(letter) && letter != '-') return false;
            }
            // Hyphens in third and fourth place are kept for encoded names, of which only xn-- exists (RFC 5891 §4.2.3.1).
            if (label.Length >= 4 && label[2..4] is "--" && (!label.StartsWith("xn", StringComparison.OrdinalIgnoreCase) || label.Length == 4)) return false;
        }
        return true;
    }

    /// <summary>Four decimal numbers without leading zeros (RFC 2673 §3.2).</summary>
    public static bool IsIpv4(ReadOnlySpan<char> text)
    {
        var parts = 0;
        foreach (var range in text.Split('.'))
        {
            var part = text[range];
            if (++parts > 4 || part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0')) return false;
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > 255) return false;
        }
        return parts == 4;
    }

    /// <summary>RFC 4291 §2.2: eight groups, one run of them may be left out, the last two may be an IPv4 address.</summary>
    public static bool IsIpv6(ReadOnlySpan<char> text)
    {
        var gap = text.IndexOf("::");
        if (gap < 0) return Groups(text, mayEndInIpv4: true) == 8;
        var head = text[..gap];
        var tail = text[(gap + 2)..];
        var before = head.IsEmpty ? 0 : Groups(head, mayEndInIpv4: false);
        var after = tail.IsEmpty ? 0 : Groups(tail, mayEndInIpv4: true);
        return before >= 0 && after >= 0 && before + after <= 7;
    }

    /// <summary>RFC 3986, or RFC 3987 where letters beyond ASCII are allowed.</summary>
    public static bool IsUri(string text, bool isAbsolute, bool isInternational)
    {
        var parts = UriReference.Parse(text);
        if (isAbsolute && parts.Scheme is null) return false;
        // Without scheme, a colon in the first segment would read as one.
        if (parts is { Scheme: null, Authority: null } && parts.Path.Split('/')[0].Contains(':', StringComparison.Ordinal)) return false;
        return (parts.Authority is null || IsAuthority(parts.Authority, isInternational))
            && AreAllowed(parts.Path, ":@/", isInternational)
            && AreAllowed(parts.Query ?? "", ":@/?", isInternational)
            && AreAllowed(parts.Fragment ?? "", ":@/?", isInternational);
    }

    /// <summary>RFC 6570: literals, and expressions in braces.</summary>
    public static bool IsUriTemplate(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] is '}' or ' ' or '"' or '<' or '>' or '\\' or '^' or '`' or '|' || char.IsControl(text[at])) return false;
            if (text[at] == '%' && !IsEscape(text, at)) return false;
            if (text[at] != '{') continue;
            var end = text.IndexOf('}', at);
            if (end < 0 || !IsExpression(text.AsSpan(at + 1, end - at - 1))) return false;
            at = end;
        }
        return true;
    }

    private static bool IsExpression(ReadOnlySpan<char> text)
    {
        if (!text.IsEmpty && "+#./;?&=,!@|".Contains(text[0], StringComparison.Ordinal)) text = text[1..];
        foreach (var range in text.Split(','))
        {
            var name = text[range];
            if (name.EndsWith("*")) name = name[..^1];
            else if (name.IndexOf(':') is >= 0 and var colon)
            {
                if (!int.TryParse(name[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length is < 1 or > 9999 || name[colon + 1] == '0') return false;
                name = name[..colon];
            }
            if (name.IsEmpty || name[0] == '.' || name[^1] == '.' || name.Contains("..", StringComparison.Ordinal)) return false;
            for (var i = 0; i < name.Length; i++)
            {
                if (!char.IsAsciiLetterOrDigit(name[i]) && name[i] is not ('_' or '.') && !(name[i] == '%' && IsEscape(name, i))) return false;
            }
        }
        return true;
    }

    private static bool IsAuthority(string text, bool isInternational)
    {
        var at = text.LastIndexOf('@');
        if (at >= 0 && !AreAllowed(text[..at], ":", isInternational)) return false;
        var host = text[(at + 1)..];
        var end = host.StartsWith('[') ? host.IndexOf(']', StringComparison.Ordinal) + 1 : host.IndexOf(':', StringComparison.Ordinal);
        if (host.StartsWith('[') && (end == 0 || !IsLiteral(host.AsSpan(1, end - 2)))) return false;
        if (end < 0) end = host.Length;
        var port = host.AsSpan(end);
        if (!port.IsEmpty && (port[0] != ':' || port[1..].IndexOfAnyExceptInRange('0', '9') >= 0)) return false;
        return host.StartsWith('[') || AreAllowed(host[..end], "", isInternational);
    }

    private static bool IsLiteral(ReadOnlySpan<char> text) =>
        IsIpv6(text) || (text.Length > 3 && text[0] is 'v' or 'V' && char.IsAsciiHexDigit(text[1]) && text.Contains('.'));

    private static bool AreAllowed(string text, string further, bool isInternational)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var letter = text[i];
            if (char.IsAsciiLetterOrDigit(letter) || Unreserved.Contains(letter) || SubDelimiters.Contains(letter) || further.Contains(letter)) continue;
            if (letter == '%' ? IsEscape(text, i) : isInternational && letter >= 0xa0) continue;
            return false;
        }
        return true;
    }

    private static bool IsEscape(ReadOnlySpan<char> text, int at) =>
        at + 2 < text.Length && char.IsAsciiHexDigit(text[at + 1]) && char.IsAsciiHexDigit(text[at + 2]);

    /// <summary>The number of 16-bit groups, or -1.</summary>
    private static int Groups(ReadOnlySpan<char> text, bool mayEndInIpv4)
    {
        var groups = 0;
        foreach (var range in text.Split(':'))
        {
            var group = text[range];
            if (mayEndInIpv4 && range.End.Value == text.Length && group.Contains('.')) return IsIpv4(group) ? groups + 2 : -1;
            if (group.Length is 0 or > 4) return -1;
            foreach (var digit in group)
            {
                if (!char.IsAsciiHexDigit(digit)) return -1;
            }
            groups++;
        }
        return groups;
    }

    private static bool IsQuoted(ReadOnlySpan<char> text, bool isInternational)
    {
        if (text.Length < 2 || text[^1] != '"') return false;
        var inner = text[1..^1];
        for (var i = 0; i < inner.Length; i++)
        {
            if (inner[i] is < ' ' or '\u007f' or '"' || (inner[i] > '~' && !isInternational)) return false;
            if (inner[i] == '\\' && (++i == inner.Length || inner[i] is < ' ' or > '~')) return false;
        }
        return true;
    }

    private static bool IsDotted(ReadOnlySpan<char> text, bool isInternational)
    {
        if (text[0] == '.' || text[^1] == '.' || text.Contains("..", StringComparison.Ordinal)) return false;
        foreach (var letter in text)
        {
            if (char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+-/=?^_`{|}~.".Contains(letter)) continue;
            if (!isInternational || letter < 0x80) return false;
        }
        return true;
    }
}
