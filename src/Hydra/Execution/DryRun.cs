using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Execution;

/// <summary>
/// What a leaf answers where nothing is to be called: a sample of its <c>output_schema</c>, else a text that says so. Types
/// that run inline call nobody and run for real, so that what is computed from samples is computed.
/// </summary>
internal static class DryRun
{
    public static AttemptOutcome Outcome(NodeAttempt attempt) => new AttemptOutcome.Completed(
        attempt.Node.Settings.OutputSchema is { } schema ? SchemaSample.For(schema).Value ?? Value.Null : $"[dry run] {attempt.Path}");
}
