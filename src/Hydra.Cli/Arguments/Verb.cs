namespace Hydra.Cli;

/// <summary>One thing the program does.</summary>
internal sealed record Verb(string Name, string Arguments, string Summary)
{
    public IReadOnlyList<Option> Options { get; init; } = [];
    /// <summary>How many words besides options it takes.</summary>
    public int PositionalsMin { get; init; }
    public int PositionalsMax { get; init; }
    /// <summary>Lines below the options in its help.</summary>
    public string Notes { get; init; } = "";
    /// <summary>Null: the verb is known and comes in a later version.</summary>
    public Func<ParsedArguments, CliIo, Task<int>>? Run { get; init; }

    public static Verb Later(string name, string summary) => new(name, "…", summary);
}

/// <summary>One option of a verb.</summary>
/// <param name="Name">With its dashes: <c>--input</c>.</param>
/// <param name="Value">What stands for its value in the help; null: a switch.</param>
internal sealed record Option(string Name, string? Value, string Help)
{
    public string? Short { get; init; }
    /// <summary>May be given several times.</summary>
    public bool IsMany { get; init; }
    /// <summary>Known, and comes in a later version.</summary>
    public bool IsLater { get; init; }

    public static Option Switch(string name, string help) => new(name, null, help);
    public static Option Later(string name, string? value = null) => new(name, value, "") { IsLater = true };
}
