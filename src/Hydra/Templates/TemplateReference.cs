namespace Hydra.Templates;

/// <summary>One place where a template reads a variable that it does not bind itself.</summary>
public sealed record TemplateReference
{
    /// <summary>The variable: <c>nodes</c> in <c>nodes['a-b'].output</c>.</summary>
    public required string Root { get; init; }
    /// <summary>
    /// The constant keys read from it, as far as they are known before running: <c>a-b</c>, <c>output</c>. List indices are written as
    /// numbers. Ends before a computed key, a slice or a method.
    /// </summary>
    public required IReadOnlyList<string> Path { get; init; }
    /// <summary>Line of the name within the template's text, from 1.</summary>
    public required int Line { get; init; }
    /// <summary>Column of the name in UTF-16 units, from 1.</summary>
    public required int Column { get; init; }
    /// <summary>
    /// The author allows for the end of the path being undefined: by <c>is defined</c>, by a <c>default</c> filter, or by standing where
    /// such a test has passed.
    /// </summary>
    public required bool IsGuarded { get; init; }
    /// <summary>The author allows for the variable itself being undefined. <c>a.b is defined</c> fails when there is no <c>a</c>.</summary>
    public required bool IsRootGuarded { get; init; }

    public override string ToString() =>
        $"{Line}:{Column} {Root}{string.Concat(Path.Select(key => $"[{key}]"))}{(IsRootGuarded ? "??" : IsGuarded ? "?" : "")}";
}
