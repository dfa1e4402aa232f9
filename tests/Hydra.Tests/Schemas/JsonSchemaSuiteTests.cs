namespace Hydra.Tests.Schemas;

public sealed class JsonSchemaSuiteTests
{
    /// <summary>The files whose failures are known, with the reasons in docs/json-schema.md.</summary>
    private static readonly string[] KnownOptionalFiles =
        ["optional/cross-draft.json", "optional/format/hostname.json", "optional/format/idn-hostname.json"];

    [Fact]
    public void Every_required_test_of_the_official_suite_passes() => Assert.Empty(JsonSchemaSuite.Result.RequiredFailures);

    [Fact]
    public void Optional_tests_fail_in_the_known_files_only()
    {
        var files = JsonSchemaSuite.Result.OptionalFailures.Select(failure => failure[..failure.IndexOf(':')]).Distinct();

        Assert.Equal(KnownOptionalFiles, files);
    }

    [Fact]
    public void The_page_tells_the_pass_rates_that_are_measured()
    {
        var suite = JsonSchemaSuite.Result;
        var page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "json-schema.md"));

        Assert.Contains($"required {suite.RequiredCount - suite.RequiredFailures.Count}/{suite.RequiredCount}, "
            + $"optional {suite.OptionalCount - suite.OptionalFailures.Count}/{suite.OptionalCount}", page);
    }
}
