namespace Hydra.Tests.Schemas;

public sealed class JsonSchemaSuiteTests
{
    [Fact]
    public void Every_required_test_of_the_official_suite_passes() => Assert.Empty(JsonSchemaSuite.Result.RequiredFailures);

    [Fact]
    public void Optional() => Assert.Fail(JsonSchemaSuite.Result.OptionalCount + "\n" + string.Join('\n', JsonSchemaSuite.Result.OptionalFailures));
}
