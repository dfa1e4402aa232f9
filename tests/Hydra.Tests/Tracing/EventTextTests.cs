using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Tests.Tracing;

public sealed class EventTextTests
{
    [Fact]
    public void Events_read_as_lines() => Verified.Check("Events_read_as_lines", string.Join('\n', EventText.Of(Plays.Research.Plan, Plays.Research.Frames)));

    [Fact]
    public void Composites_and_resumes_read_as_lines() =>
        Verified.Check("Composites_and_resumes_read_as_lines", string.Join('\n', EventText.Of(Plays.Nested.Plan, Plays.Nested.Frames).Concat(EventText.Of(Plays.Crashed.Plan, Plays.Crashed.Frames))));

    [Fact]
    public void A_line_break_in_a_message_makes_no_second_line()
    {
        var run = TestRun.Of(TestFlows.Research).Fail("research_a", ErrorCode.Auth, "no\nkey");
        Assert.All(EventText.Of(run.Plan, run.Frames), line => Assert.DoesNotContain('\n', line));
    }
}
