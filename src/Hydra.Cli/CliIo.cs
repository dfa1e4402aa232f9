namespace Hydra.Cli;

/// <summary>What a verb may touch of the outside world: everything that a test wants to put in its place.</summary>
internal sealed record CliIo
{
    private bool? _isInTerminal, _isOutTerminal, _isErrorTerminal;

    public required TextWriter Out { get; init; }
    public TextWriter Error { get => field ??= OpenError(); init; }
    /// <summary>Opens <see cref="Error"/> when first needed.</summary>
    public Func<TextWriter> OpenError { private get; init; } = () => TextWriter.Null;
    /// <summary>Where a person types; nobody by default.</summary>
    public TextReader In { get => field ??= OpenIn(); init; }
    /// <summary>Opens <see cref="In"/> when first needed: a terminal is costly to set up.</summary>
    public Func<TextReader> OpenIn { private get; init; } = () => TextReader.Null;
    public bool IsInTerminal { get => _isInTerminal ??= AsksInTerminal(); init => _isInTerminal = value; }
    /// <summary>Asked when <see cref="IsInTerminal"/> is first read, and likewise below: the framework's console is costly to load.</summary>
    public Func<bool> AsksInTerminal { private get; init; } = static () => false;
    /// <summary>The account that runs the program, where the environment does not name one.</summary>
    public Func<string> AccountName { get; init; } = () => "";

    /// <summary>Who answers when nothing else is said; empty: nobody knows.</summary>
    public string UserName => Environment("USER") is { Length: > 0 } user ? user : Environment("USERNAME") is { Length: > 0 } name ? name : AccountName();

    public required Func<string, string?> Environment { get; init; }
    public required string WorkingDirectory { get; init; }
    public bool IsOutTerminal { get => _isOutTerminal ??= AsksOutTerminal(); init => _isOutTerminal = value; }
    public Func<bool> AsksOutTerminal { private get; init; } = static () => false;
    public bool IsErrorTerminal { get => _isErrorTerminal ??= AsksErrorTerminal(); init => _isErrorTerminal = value; }
    public Func<bool> AsksErrorTerminal { private get; init; } = static () => false;
    public TimeProvider Clock { get; init; } = TimeProvider.System;
    /// <summary>Calls back at every Ctrl+C or SIGTERM until it is disposed of.</summary>
    public Func<Action, IDisposable> OnInterrupt { get; init; } = _ => NoListener.Instance;
    /// <summary>Ends the program at once; for a second Ctrl+C.</summary>
    public Action<int> Exit { get; init; } = _ => { };

    /// <summary>A path as the user wrote it, against the working directory.</summary>
    public string PathOf(string path) => Path.Combine(WorkingDirectory, path);

    private sealed class NoListener : IDisposable
    {
        public static readonly NoListener Instance = new();
        public void Dispose() { }
    }
}

/// <summary>The exit codes of <c>docs/cli.md</c>.</summary>
internal static class ExitCode
{
    public const int Done = 0, Failed = 1, Usage = 2, Paused = 3, BudgetExceeded = 4, Refused = 5, Interrupted = 130;
}

/// <summary>The user asked for something that cannot be; the message says what and how to mend it.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    /// <param name="lines">Further lines, each shown as a line of its own.</param>
    public UsageException(string message, IReadOnlyList<string> lines) : this(string.Join('\n', [message, .. lines])) => (First, Lines) = (message, lines);

    /// <summary>The message without <see cref="Lines"/>.</summary>
    public string First { get; } = message;
    public IReadOnlyList<string> Lines { get; } = [];
}
