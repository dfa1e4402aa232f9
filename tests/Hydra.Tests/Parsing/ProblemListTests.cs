using Hydra.Model;

namespace Hydra.Tests.Parsing;

public class ProblemListTests
{
    [Fact]
    public void Notes_do_not_crowd_out_errors()
    {
        var problems = new ProblemList("f.yaml");
        for (var i = 0; i < 300; i++) problems.Note("HYD213", SourcePosition.None, "note");
        problems.Error("HYD205", SourcePosition.None, "error");
        Assert.Equal(ProblemList.CountMax, problems.Problems.Count);
        Assert.Equal("HYD205", problems.Problems[^1].Code);
        Assert.Equal((101, true), (problems.Dropped, problems.HasErrors));
    }
}
