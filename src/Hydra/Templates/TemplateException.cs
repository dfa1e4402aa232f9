namespace Hydra.Templates;

/// <summary>A template that cannot be read. The message says what is wrong and how to mend it.</summary>
public sealed class TemplateSyntaxException(string message, int line, int column) : Exception(message)
{
    /// <summary>Line within the template's text, from 1.</summary>
    public int Line { get; } = line;
    /// <summary>Column in UTF-16 units, from 1.</summary>
    public int Column { get; } = column;
}

/// <summary>Why an evaluation failed.</summary>
public enum TemplateErrorKind
{
    /// <summary>A name, attribute or index that has no value.</summary>
    Undefined,
    /// <summary>An operator, filter or method met a value it does not work on.</summary>
    WrongType,
    /// <summary>The type is right and the value is not: a zero divisor, text that is no JSON.</summary>
    BadValue,
    /// <summary>A whole number left the range of 64 bits, or a fraction that of doubles.</summary>
    Overflow,
    /// <summary>A limit of <see cref="TemplateOptions"/> was reached; the message names it.</summary>
    Limit,
}

/// <summary>An evaluation that failed: the data does not fit the template, or a limit was reached.</summary>
public sealed class TemplateException(TemplateErrorKind kind, string message, int line, int column) : Exception(message)
{
    public TemplateErrorKind Kind { get; } = kind;
    /// <summary>Line within the template's text, from 1.</summary>
    public int Line { get; } = line;
    /// <summary>Column in UTF-16 units, from 1.</summary>
    public int Column { get; } = column;
    /// <summary>The variable that is not defined, when a bare name was; else null.</summary>
    public string? UndefinedName { get; init; }
}
