using Hydra.Cli.Verbs;
using Hydra.Model;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Hydra.Cli.Views;

/// <summary>A table of the run on a terminal, drawn again ten times a second while it changes.</summary>
internal sealed class LiveView : RunView
{
    private static readonly TimeSpan DrawInterval = TimeSpan.FromMilliseconds(100);

    private readonly LiveRows _rows;
    private readonly CliIo _io;
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _drawing;

    public LiveView(RunId run, CliIo io)
    {
        _rows = new LiveRows(run);
        _io = io;
        _drawing = Task.Run(DrawAsync);
    }

    public override void OnFrame(Frame frame, RunState state) => _rows.Add(frame, state);

    public override async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _drawing;
        _ended.Dispose();
    }

    private async Task DrawAsync()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(_io.Error) });
        await console.Live(Draw(_rows.Picture(), NowMs())).AutoClear(false).Overflow(VerticalOverflow.Ellipsis).StartAsync(async screen =>
        {
            while (!_ended.IsCancellationRequested)
            {
                screen.UpdateTarget(Draw(_rows.Picture(), NowMs()));
                await Task.Delay(DrawInterval, _io.Clock, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            screen.UpdateTarget(Draw(_rows.Picture(), NowMs()));
        });
    }

    private long NowMs() => _io.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Text from outside enters as <see cref="Text"/>, never as markup, and was cleaned when it was taken in.</summary>
    public static IRenderable Draw(LivePicture picture, long nowMs)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = picture.Rows.Count > 0 };
        foreach (var (name, isRight) in new[] { ("node", false), ("status", false), ("attempt", true), ("elapsed", true), ("tokens", true), ("cost", true), ("", false) })
            table.AddColumn(new TableColumn(new Text(name, new Style(decoration: Decoration.Dim))) { Alignment = isRight ? Justify.Right : Justify.Left, NoWrap = true });
        foreach (var row in picture.Rows)
        {
            var elapsed = row.StartedMs == 0 ? "" : Amounts.Duration((row.EndedMs > 0 ? row.EndedMs : Math.Max(nowMs, row.StartedMs)) - row.StartedMs);
            table.AddRow(
                new Text(row.Path), new Text(WireNames.Of(row.Status), new Style(ColourOf(row.Status))), new Text(row.Attempt > 0 ? $"{row.Attempt}" : ""),
                new Text(elapsed), new Text(row.Tokens > 0 ? $"{row.Tokens:#,0}" : ""), new Text(row.Cost.Amount > 0 ? Amounts.Usd(row.Cost) : ""), new Text(row.Note, new Style(Color.Red)));
        }
        return new Rows(new Text(Title(picture, nowMs), new Style(decoration: Decoration.Bold)), table, new Text(Counts(picture), new Style(decoration: Decoration.Dim)));
    }

    private static string Title(LivePicture picture, long nowMs)
    {
        var head = picture.Head;
        if (head.StartedAtMs == 0) return head.Run;
        var elapsed = Amounts.Duration(Math.Max(0, nowMs - head.StartedAtMs));
        var spent = $"{Amounts.Usd(head.Usd)}{(head.UsdMax is { } usd ? $" of {Amounts.Usd(usd)}" : "")}, {head.Tokens:#,0}{(head.TokensMax is { } tokens ? $" of {tokens:#,0}" : "")} tokens";
        return $"{TerminalText.Clip(head.Workflow, 40)} {head.Run}   {elapsed} (critical path {head.CriticalPathSeconds:0.#} s)   {spent}";
    }

    private static string Counts(LivePicture picture) =>
        string.Join(" · ", picture.Counts.Select(each => $"{each.Count:#,0} {WireNames.Of(each.Status)}")) + (picture.IsWhole ? "" : "   (running, failed and next are shown)");

    private static Color ColourOf(NodeStatus status) => status switch
    {
        NodeStatus.Completed => Color.Green,
        NodeStatus.Degraded => Color.Yellow,
        NodeStatus.Failed or NodeStatus.BudgetExceeded or NodeStatus.Cancelled => Color.Red,
        NodeStatus.Running or NodeStatus.Open or NodeStatus.Waiting => Color.Blue,
        _ => Color.Grey,
    };
}
