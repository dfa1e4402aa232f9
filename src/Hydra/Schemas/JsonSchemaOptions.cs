using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>How a schema is compiled and what a validation may cost.</summary>
public sealed record JsonSchemaOptions
{
    /// <summary>Whether <c>format</c> refuses an instance (validation §7.2.2) or only describes it (§7.2.1).</summary>
    /// <value>Default: false, an annotation.</value>
    public bool AssertFormats { get; init; }

    /// <summary>
    /// Finds a document that a <c>$ref</c> or <c>$schema</c> names by absolute URI without fragment; null when it is unknown.
    /// Called while compiling only. Hydra itself never fetches anything.
    /// </summary>
    /// <value>Default: none; references stay inside the schema and the 2020-12 meta-schema.</value>
    public Func<string, Value?>? Resolve { get; init; }

    /// <summary>Problems that one validation reports at most.</summary>
    /// <value>1 to 10,000. Default: 50.</value>
    public int ProblemCountMax { get; init; } = 50;

    /// <summary>Subschema evaluations that one validation makes at most; bounds schemas that branch exponentially.</summary>
    /// <value>1 to 1,000,000,000. Default: 2,000,000.</value>
    public long StepCountMax { get; init; } = 2_000_000;

    /// <summary>Subschemas nested in one another while validating; bounds references that lead in a circle.</summary>
    /// <value>1 to 4,000. Default: 1,500.</value>
    public int DepthMax { get; init; } = 1_500;

    /// <summary>Time one match may take where a regex needs backtracking; all others run in linear time.</summary>
    /// <value>1 ms to 10 s. Default: 250 ms.</value>
    public TimeSpan RegexTimeout { get; init; } = TimeSpan.FromMilliseconds(250);

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ProblemCountMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ProblemCountMax, 10_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(StepCountMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(StepCountMax, 1_000_000_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(DepthMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(DepthMax, 4_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(RegexTimeout, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(RegexTimeout, TimeSpan.FromSeconds(10));
    }
}
