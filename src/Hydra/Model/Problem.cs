using System.Globalization;

namespace Hydra.Model;

/// <summary>A place in a file; line and column count from 1. Line 0: the whole file, or a graph that was built in code.</summary>
public readonly record struct SourcePosition(int Line, int Column)
{
    public static SourcePosition None => default;

    /// <summary>The place of something inside a block of text that begins here: line and column count from 1 within it. Every line of a YAML block is indented alike.</summary>
    public SourcePosition Within(int line, int column) => Line == 0 ? this : new(Line + line - 1, Column + column - 1);

    public override string ToString() => Line == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{Line}:{Column}");
}

public enum ProblemSeverity { Note, Warning, Error }

/// <summary>Something wrong with a file, found before anything runs: a code with a page of its own, a place, and words that name the mend.</summary>
/// <param name="Code"><c>HYDnnn</c>; the first digit is the stage that found it.</param>
/// <param name="Message">What is wrong, quoting what the author wrote, and how to mend it. One line.</param>
public sealed record Problem(string Code, ProblemSeverity Severity, string File, SourcePosition At, string Message)
{
    /// <summary>The one line that the reader may have: <c>HYD203 research.yaml:14:11: …</c>; warnings and notes say so.</summary>
    public override string ToString()
    {
        var place = At.Line == 0 ? File : $"{File}:{At}";
        var kind = Severity switch { ProblemSeverity.Warning => "warning: ", ProblemSeverity.Note => "note: ", _ => "" };
        return $"{Code} {place}: {kind}{Message}";
    }
}

/// <summary>Collects problems of one file, in order of discovery, at most <see cref="CountMax"/> of them: errors before warnings before notes.</summary>
public sealed class ProblemList(string file)
{
    /// <summary>Problems kept; a broken file of a million nodes must not print a million lines.</summary>
    public const int CountMax = 200;

    private readonly List<Problem> _problems = [];

    public string File { get; } = file;
    public IReadOnlyList<Problem> Problems => _problems;
    public int Dropped { get; private set; }
    public bool HasErrors { get; private set; }

    public void Error(string code, SourcePosition at, string message) => Add(new(code, ProblemSeverity.Error, File, at, message));
    public void Warning(string code, SourcePosition at, string message) => Add(new(code, ProblemSeverity.Warning, File, at, message));
    public void Note(string code, SourcePosition at, string message) => Add(new(code, ProblemSeverity.Note, File, at, message));

    public void Add(Problem problem)
    {
        HasErrors |= problem.Severity == ProblemSeverity.Error;
        if (_problems.Count >= CountMax)
        {
            // Notes must not crowd out errors.
            Dropped++;
            var lesser = _problems.FindLastIndex(kept => kept.Severity < problem.Severity);
            if (lesser < 0) return;
            _problems.RemoveAt(lesser);
        }
        _problems.Add(problem);
    }
}
