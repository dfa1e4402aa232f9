namespace Hydra.Model;

/// <summary>Names that nodes and inputs may not have, because templates give them a meaning of their own.</summary>
public static class ReservedNames
{
    /// <summary>Variables that are always there.</summary>
    public static IReadOnlyList<string> Builtin { get; } = ["run", "nodes", "now", "env"];

    private static readonly HashSet<string> All = new(
    [
        .. Builtin, "iteration", "previous", "revision", "candidate", "loop", "range", "namespace", "dict",
        "and", "or", "not", "in", "is", "if", "else", "elif", "endif", "for", "endfor", "set", "endset", "raw", "endraw",
        "true", "false", "none", "True", "False", "None", "null", "block", "endblock", "macro", "endmacro", "import",
        "from", "include", "extends", "call", "endcall", "filter", "endfilter", "with", "endwith", "recursive", "do",
        "break", "continue", "self", "super",
    ], StringComparer.Ordinal);

    public static bool Contains(string name) => All.Contains(name);
}
