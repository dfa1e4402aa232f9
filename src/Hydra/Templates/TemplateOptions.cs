using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Limits and hooks of one evaluation. Immutable; share one instance between threads.</summary>
/// <remarks>
/// Time is bounded by counting steps, not by a clock, so that a template gives the same answer on every machine. A step is one
/// operator, filter, statement or loop turn; work on long texts and lists costs one step more per 32 characters or 4 items.
/// </remarks>
public sealed record TemplateOptions
{
    /// <summary>Longest template, in characters. Longer ones are a syntax error.</summary>
    public const int TemplateLengthMax = 1_048_576;
    /// <summary>Deepest nesting of brackets, operators without brackets, and blocks in a template. Deeper is a syntax error.</summary>
    public const int NestingDepthMax = 100;
    /// <summary>Most operators or filters in a row in one expression (<c>a + b + c</c>). More is a syntax error.</summary>
    public const int ChainLengthMax = 250;
    /// <summary>Deepest nesting of a list or object that a template may build or pass on: what JSON text may have.</summary>
    public const int ValueDepthMax = ValueJson.DepthMax;
    /// <summary>Most items in a list that a template may build.</summary>
    public const int ListLengthMax = 1_000_000;

    /// <summary>The defaults, without hooks.</summary>
    public static TemplateOptions Default { get; } = new();

    /// <summary>Steps one evaluation may take; at worst about 0.1 µs each.</summary>
    /// <value>1 to 1,000,000,000. Default: 1,000,000.</value>
    public int StepsMax { get; init; } = 1_000_000;
    /// <summary>Longest output, and longest text that any expression may build, in characters.</summary>
    /// <value>1 to 268,435,456. Default: 4,194,304.</value>
    public int TextLengthMax { get; init; } = 4_194_304;
    /// <summary>Most numbers that one <c>range()</c> may give.</summary>
    /// <value>0 to 1,000,000. Default: 100,000.</value>
    public int RangeLengthMax { get; init; } = 100_000;

    /// <summary>
    /// Turns the value of each <c>{{ expression }}</c> into output text, for example quoted for a shell; null writes it plainly.
    /// Literal text is not passed through it. Text captured by a block <c>set</c> or a <c>filter</c> block is passed once, as a
    /// whole, where it is written out. With an escape every evaluation gives text.
    /// </summary>
    public Func<Value, string>? Escape { get; init; }
    /// <summary>Ends the evaluation with <see cref="OperationCanceledException"/>; looked at every 1,024 steps.</summary>
    public CancellationToken CancellationToken { get; init; }
}
