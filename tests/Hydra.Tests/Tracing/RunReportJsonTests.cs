using System.Text.Json;
using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Tests.Tracing;

public sealed class RunReportJsonTests
{
    [Fact]
    public void The_report_of_a_run_is_one_document() => Verified.Check("The_report_of_a_run_is_one_document", Text(RunTrace.Of(Plays.Research.Plan, Plays.Research.Frames)));

    [Fact]
    public void A_rejected_file_has_a_report_with_its_problems()
    {
        using var stream = new MemoryStream();
        RunReportJson.Write(stream, null, 2, ValueMap.Empty, [new Problem("HYD203", ProblemSeverity.Error, "a.yaml", new SourcePosition(3, 5), "no.")], "a.yaml has 1 problem");
        using var json = JsonDocument.Parse(stream.ToArray());
        Assert.Equal((2, "rejected", 1), (json.RootElement.GetProperty("exit_code").GetInt32(), json.RootElement.GetProperty("status").GetString(), json.RootElement.GetProperty("problems").GetArrayLength()));
    }

    private static string Text(RunTrace trace)
    {
        using var stream = new MemoryStream();
        RunReportJson.Write(stream, trace, 0, ValueMap.Of(("synthesizer", "All about \"owls\".")), []);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
