using Hydra.Cli.Views;
using Hydra.Model;
using Spectre.Console;

namespace Hydra.Cli.Tests;

/// <summary>What the live table shows of a picture, without a terminal.</summary>
public sealed class LiveViewTests
{
    private static readonly LiveHead Head = new("f00dfeed0000", "research", 1_000, 4_000, MicroUsd.FromUsd(0.25m), MicroUsd.FromUsd(2m), 1_234, 50_000, 12);

    [Fact]
    public void A_small_graph_is_shown_whole()
    {
        var rows = new[]
        {
            Row("research_a", NodeStatus.Completed, 1_000, 2_500), Row("research_b", NodeStatus.Running, 1_000, 0),
            Row("synthesizer", NodeStatus.Pending, 0, 0), Row("broken", NodeStatus.Failed, 1_000, 1_100) with { Note = "timeout: no result" },
        };
        Verified.Check(Text(new LivePicture(Head, rows, [(NodeStatus.Pending, 1), (NodeStatus.Running, 1), (NodeStatus.Completed, 1), (NodeStatus.Failed, 1)], IsWhole: true)));
    }

    [Fact]
    public void Markup_and_escapes_in_names_and_errors_stay_text()
    {
        var row = Row("[red]x[/]", NodeStatus.Failed, 1_000, 1_100) with { Note = TerminalText.Clip("\u001b[2J [bold]boo", 60) };
        var text = Text(new LivePicture(Head, [row], [], IsWhole: true));
        Assert.Contains("[red]x[/]", text);
        Assert.Contains("\\u001b[2J [bold]boo", text);
        Assert.DoesNotContain('\u001b', text);
    }

    private static LiveRows.Row Row(string path, NodeStatus status, long startedMs, long endedMs) =>
        new(path, status, startedMs > 0 ? 1 : 0, startedMs, endedMs, MicroUsd.Zero, 0, 1, "");

    private static string Text(LivePicture picture)
    {
        using var writer = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(writer) });
        console.Profile.Width = 140;
        console.Write(LiveView.Draw(picture, nowMs: 4_000));
        return string.Join('\n', writer.ToString().Split('\n').Select(line => line.TrimEnd()));
    }
}
