using Hydra.Agents.Testing;

namespace Hydra.Agents.Tests.Patterns;

/// <summary>The examples with tests of their own: one per pattern, and a desk under policy and labels.</summary>
public class PatternExampleTests
{
    private static string Root => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "..", "examples"));

    public static TheoryData<string, string> Tests() =>
        [.. Directory.GetFiles(Root, "*.test.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).SelectMany(file => TestFile.Read(file).Select(test => (Path.GetRelativePath(Root, Path.GetDirectoryName(file)!), test.Name)))];

    [Theory, MemberData(nameof(Tests))]
    public async Task Each_example_does_what_its_tests_say(string example, string name)
    {
        var test = TestFile.Read(Path.Combine(Root, example, "workflow.test.yaml")).Single(test => test.Name == name);
        Assert.Equal([], await test.RunAsync(TestContext.Current.CancellationToken));
    }
}
