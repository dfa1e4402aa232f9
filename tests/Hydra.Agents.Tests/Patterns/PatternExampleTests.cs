using Hydra.Agents.Testing;

namespace Hydra.Agents.Tests.Patterns;

public class PatternExampleTests
{
    private static string Root => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "..", "examples", "patterns"));

    public static TheoryData<string, string> Tests() =>
        [.. Directory.GetFiles(Root, "*.test.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).SelectMany(file => TestFile.Read(file).Select(test => (Path.GetFileName(Path.GetDirectoryName(file)!), test.Name)))];

    [Theory, MemberData(nameof(Tests))]
    public async Task Each_example_does_what_its_tests_say(string pattern, string name)
    {
        var test = TestFile.Read(Path.Combine(Root, pattern, "workflow.test.yaml")).Single(test => test.Name == name);
        Assert.Equal([], await test.RunAsync(TestContext.Current.CancellationToken));
    }
}
