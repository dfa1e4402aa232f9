using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Parsing;

public class ExampleTests
{
    /// <summary>The examples that need no more than the core; those with an agent file or tools of their own run in the tests of the command line.</summary>
    public static TheoryData<string> Files() =>
        [.. Directory.GetFiles(Path.Combine(TestFiles.Root, "examples"), "*.yaml").Select(file => Path.GetFileName(file)!).Where(file => file is not ("desk.yaml" or "figures.yaml")).Order()];

    [Theory, MemberData(nameof(Files))]
    public void Each_example_is_without_problems(string file)
    {
        var (spec, problems) = WorkflowParser.ParseFile(TestFiles.Example(file), TestTypes.All);
        Assert.Empty(TestTypes.Lines(problems));
        Assert.DoesNotContain(TestTypes.Lines(WorkflowValidator.Check(spec!, TestTypes.All)), line => !line.Contains(" note: "));
    }

    [Fact]
    public void The_research_example_prints_the_waves_of_dagraph()
    {
        var (spec, _) = WorkflowParser.ParseFile(TestFiles.Example("research.yaml"), TestTypes.All);
        Assert.Equal(
            """
            ✓ research: 4 nodes, 2 wave(s)
              wave 1: ['research_a', 'research_b', 'research_c']
              wave 2: ['synthesizer']
            """, ValidateText.Of(spec!));
    }
}
