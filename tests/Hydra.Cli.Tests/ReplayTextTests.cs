namespace Hydra.Cli.Tests;

/// <summary>What is said of recordings: of a run that leaves one, and of files that are none.</summary>
public sealed class ReplayTextTests
{
    private const string Flow = "name: rec\ndefaults: {model: m}\nnodes:\n  - {id: report, type: agent, prompt: 'Report in three words'}\n  - {id: aside, type: agent, prompt: 'Aside'}\n";

    [Fact]
    public void Drift_is_told_once()
    {
        using var terminal = Recorded();
        terminal.Write("changed.yaml", Flow.Replace("three", "two", StringComparison.Ordinal));
        Assert.Equal(1, terminal.Run("run", "changed.yaml", "--replay", "rec.cassette"));
        Assert.Single(Occurrences(terminal.Error, "Replay drift at node 'report'"));
        var lines = terminal.Error.Split('\n');
        var told = Array.FindIndex(lines, line => line.Contains(" failed: Replay drift at node 'report': its call to 'm' is not in the recording of run 'r1'. (", StringComparison.Ordinal));
        Assert.Equal(["  First difference: message 1 of 1 (user), line 1 (- recorded, + now):", "    - Report in three words", "    + Report in two words"], lines[(told + 1)..(told + 4)]);
    }

    [Fact]
    public void Drift_is_told_whole_where_progress_is_not()
    {
        using var terminal = Recorded();
        terminal.Write("changed.yaml", Flow.Replace("three", "two", StringComparison.Ordinal));
        Assert.Equal(1, terminal.Run("run", "changed.yaml", "--replay", "rec.cassette", "--quiet"));
        Assert.Equal("Replay drift at node 'report': its call to 'm' is not in the recording of run 'r1'.\n  First difference: message 1 of 1 (user), line 1 (- recorded, + now):\n    - Report in three words\n    + Report in two words\n", terminal.Error);
    }

    private static Terminal Recorded()
    {
        var terminal = new Terminal();
        terminal.Write("rec.yaml", Flow);
        Assert.Equal(0, terminal.Run("run", "rec.yaml", "--run-id", "r1", "--record", "rec.cassette"));
        return terminal;
    }

    private static string[] Occurrences(string text, string part) => text.Split(part)[1..];
}
