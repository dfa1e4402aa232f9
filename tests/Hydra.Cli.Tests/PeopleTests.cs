using System.Text.Json;
using Hydra.Tests.Shared;

namespace Hydra.Cli.Tests;

/// <summary>Runs that wait for people, across processes.</summary>
public sealed class PeopleTests
{
    private static readonly Dictionary<string, string> Nobody = [];

    [Fact]
    public async Task A_run_that_waits_goes_on_when_another_process_answers()
    {
        using var terminal = WithFlow();
        using var run = HydraProcess.Start(terminal.PathOf(""), Nobody, "run", "flow.yaml", "--run-id", "r1", "--wait", "--backend", "offline");
        await run.ReadErrorUntilAsync("hydra approve r1 review");
        Assert.Equal((0, "r1 review approved\n", ""), await EndAsync(terminal, "approve", "r1", "review", "--approver", "anna"));
        await run.ReadErrorUntilAsync("hydra respond r1 channel blog");
        Assert.Equal((0, "r1 channel answered\n", ""), await EndAsync(terminal, "respond", "r1", "channel", "newsletter", "--approver", "bo"));
        var (code, result, _) = await run.EndAsync();
        Assert.Equal((0, "Announcement: the new release is here. (newsletter, 15 characters, approved by anna)\n"), (code, result));
    }

    [Fact]
    public async Task A_run_that_only_people_can_help_ends_with_3_and_goes_on_after_the_answers()
    {
        using var terminal = WithFlow();
        var (code, _, error) = await EndAsync(terminal, "run", "flow.yaml", "--run-id", "r1", "--backend", "offline");
        Assert.Equal(3, code);
        Assert.Contains("  hydra approve r1 review", error);
        Assert.Equal(0, terminal.Run("list", "--status", "paused", "--json"));
        Assert.Contains("\"run_id\": \"r1\"", terminal.Out);
        Assert.Equal(0, terminal.Run("inspect", "r1"));
        Assert.Contains("Announcement: the new release is here.", terminal.Out);
        Assert.Equal(2, terminal.Run("approve", "r1", "reviwe", "--approver", "anna"));
        Assert.Equal(2, terminal.Run("approve", "r1", "review", "--approver", "anna", "--payload", "00"));
        Assert.Equal(0, terminal.Run("approve", "r1", "review", "--approver", "anna", "--comment", "fine"));
        Assert.Equal(2, terminal.Run("approve", "r1", "review", "--approver", "bo", "--reject"));
        Assert.Equal(3, terminal.Run("resume", "r1"));
        Assert.Equal(2, terminal.Run("respond", "r1", "channel", "radio", "--approver", "anna"));
        Assert.Equal(0, terminal.Run("respond", "r1", "channel", "both", "--approver", "anna"));
        Assert.Equal(0, terminal.Run("resume", "r1"));
        Assert.Contains("(both, 15 characters, approved by anna)", terminal.Out);
    }

    [Fact]
    public void A_run_waits_for_an_event_and_goes_on_with_its_value()
    {
        using var terminal = new Terminal();
        File.WriteAllText(terminal.PathOf("shop.yaml"), """
            name: shop
            nodes:
              - {id: payment, type: wait, for_event: paid}
              - {id: ship, type: set, value: "Shipped for {{ payment.amount }}.", depends_on: [payment]}
            """);
        Assert.Equal(3, terminal.Run("run", "shop.yaml", "--run-id", "r1"));
        Assert.Contains("hydra signal r1 paid [VALUE]", terminal.Error);

        Assert.Equal(2, terminal.Run("signal", "r1", "payd"));
        Assert.Contains("nothing in run 'r1' waits for the event 'payd'. Did you mean 'paid'?", terminal.Error);
        Assert.Equal(2, terminal.Run("respond", "r1", "payment", "yes", "--approver", "anna"));
        Assert.Contains("Use: hydra signal r1 paid", terminal.Error);
        Assert.Equal(0, terminal.Run("signal", "r1", "paid", """{"amount": 12}""", "--approver", "shop"));
        Assert.Equal(0, terminal.Run("resume", "r1"));
        Assert.Contains("Shipped for 12.", terminal.Out);
    }

    [Fact]
    public void What_waits_is_told_to_a_command_and_shown_in_lists_and_documents()
    {
        using var terminal = WithFlow();
        terminal.Set("HYDRA_NOTIFY", "cat >> told.jsonl");
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "r1", "--backend", "offline"));
        using var told = JsonDocument.Parse(File.ReadAllText(terminal.PathOf("told.jsonl")));
        Assert.Equal(("asked", "review", "hydra approve r1 review"), (told.RootElement.GetProperty("event").GetString(), told.RootElement.GetProperty("node").GetString(), told.RootElement.GetProperty("command").GetString()));

        terminal.Run("list", "--status", "paused");
        Assert.Contains("r1 review since ", terminal.Out);
        terminal.Run("list", "--status", "paused", "--json");
        using var list = JsonDocument.Parse(terminal.Out);
        Assert.Equal("r1:review:1", list.RootElement[0].GetProperty("waits")[0].GetProperty("id").GetString());
        terminal.Run("inspect", "r1", "--json");
        using var run = JsonDocument.Parse(terminal.Out);
        var wait = run.RootElement.GetProperty("waits")[0];
        Assert.Equal(("review", "approval", 0), (wait.GetProperty("node").GetString(), wait.GetProperty("kind").GetString(), wait.GetProperty("answers").GetArrayLength()));
        Assert.Equal(told.RootElement.GetProperty("payload_sha256").GetString(), wait.GetProperty("payload_sha256").GetString());
    }

    [Fact]
    public void A_notification_that_fails_is_a_warning_and_the_run_goes_on()
    {
        using var terminal = WithFlow();
        terminal.Set("HYDRA_NOTIFY", "echo no mail here >&2; exit 7");
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "r1", "--backend", "offline"));
        Assert.Contains("warning: HYDRA_NOTIFY: exit code 7: no mail here. The run goes on.", terminal.Error);
    }

    [Fact]
    public async Task A_reminder_is_told_and_shown_while_the_run_stays()
    {
        var clock = new ManualClock();
        using var terminal = new Terminal { Clock = clock };
        terminal.Write("flow.yaml", "name: r\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?, remind_after_seconds: 60, timeout_seconds: 120, on_timeout: escalate, escalate_to: boss, approvers: [ann]}\n");
        terminal.Set("HYDRA_NOTIFY", "cat >> told.jsonl; echo >> told");
        await using var told = NamedPipe.Open(terminal.PathOf("told"));
        var run = Task.Run(() => terminal.Run("run", "flow.yaml", "--run-id", "r1", "--wait"), TestContext.Current.CancellationToken);
        foreach (var seconds in (int[])[60, 60, 120])   // the reminder, the end of its time, the end of the other's time
        {
            await told.ReadExactlyAsync(new byte[1], TestContext.Current.CancellationToken);
            clock.Advance(TimeSpan.FromSeconds(seconds));
        }
        Assert.Equal(1, await run);
        Assert.Contains("g still waits for people", terminal.Error);
        Assert.Equal(["asked", "reminder", "escalated", "expired"], File.ReadLines(terminal.PathOf("told.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("event").GetString()));
    }

    /// <remarks>No process lived when it fell due: lists say so, and whoever takes the run up brings it about, once.</remarks>
    [Theory]
    [InlineData(0, null, "", "")]
    [InlineData(90, "remind", " (a reminder is due since ", "reminder")]
    [InlineData(200, "escalate", " (its time has ended: escalate when the run goes on)", "escalated")]
    public void What_fell_due_without_a_process_is_shown_and_happens_once_at_the_next_resume(int secondsLater, string? due, string shown, string told)
    {
        using var terminal = new Terminal { Clock = new LaterTime(TimeSpan.Zero) };
        terminal.Write("flow.yaml", "name: r\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?, remind_after_seconds: 60, timeout_seconds: 120, on_timeout: escalate, escalate_to: boss, approvers: [ann]}\n");
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "r1"));
        terminal.Set("HYDRA_NOTIFY", "cat >> told.jsonl");
        terminal.Clock = new LaterTime(TimeSpan.FromSeconds(secondsLater));

        terminal.Run("list", "--status", "paused");
        Assert.Contains(shown, terminal.Out);
        if (due is null) Assert.DoesNotContain("when the run goes on", terminal.Out);
        terminal.Run("inspect", "r1");
        Assert.Contains(shown.Trim(' ', '(', ')'), terminal.Out);
        Assert.Equal(due, DueIn("inspect", "r1", "--json"));

        Assert.Equal((3, 3), (terminal.Run("resume", "r1"), terminal.Run("resume", "r1")));
        Assert.Equal(told, string.Join(", ", Told().Where(what => what != "asked")));
        Assert.Null(DueIn("inspect", "r1", "--json"));

        string? DueIn(params string[] words)
        {
            terminal.Run(words);
            using var run = JsonDocument.Parse(terminal.Out);
            return run.RootElement.GetProperty("waits")[0].GetProperty("due").GetString();
        }

        IEnumerable<string> Told() => !File.Exists(terminal.PathOf("told.jsonl")) ? [] : File.ReadLines(terminal.PathOf("told.jsonl")).Select(line =>
        {
            using var one = JsonDocument.Parse(line);
            return one.RootElement.GetProperty("event").GetString()!;
        });
    }

    [Theory]
    [InlineData("hydra respond r1 name TEXT", 60)]
    [InlineData("hydra resume r1", 200)]
    public void A_question_whose_time_is_over_offers_no_answer_but_the_command_that_goes_on(string offered, int secondsLater)
    {
        using var terminal = new Terminal { Clock = new LaterTime(TimeSpan.Zero) };
        terminal.Write("flow.yaml", "name: r\nnodes:\n  - {id: name, type: user_input, prompt: name?, timeout_seconds: 120, default: nobody}\n");
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "r1", "-q"));
        terminal.Clock = new LaterTime(TimeSpan.FromSeconds(secondsLater));
        foreach (var words in (string[][])[["inspect", "r1"], ["inspect", "r1", "--node", "name"]])
        {
            Assert.Equal(0, terminal.Run(words));
            Assert.Equal(offered, terminal.Out.TrimEnd().Split('\n')[^1].Trim());
        }
        terminal.Run("inspect", "r1", "--json");
        using var run = JsonDocument.Parse(terminal.Out);
        Assert.Equal(offered, run.RootElement.GetProperty("waits")[0].GetProperty("command").GetString());
    }

    [Fact]
    public void What_is_due_is_brought_about_by_a_command_that_asks_nobody()
    {
        using var terminal = new Terminal { Clock = new LaterTime(TimeSpan.Zero) };
        static string Gate(string more) => $"name: r\nnodes:\n  - {{id: g, type: approval_gate, prompt_to_human: ok?, {more}}}\n  - {{id: end, type: set, value: 'goes on after {{{{ g.approver or \"nobody\" }}}}', depends_on: [g]}}\n";
        terminal.Write("timed.yaml", Gate("remind_after_seconds: 60, timeout_seconds: 120, on_timeout: approve"));
        terminal.Write("patient.yaml", Gate("timeout_seconds: 900"));
        foreach (var (file, run) in (ReadOnlySpan<(string, string)>)[("timed", "r1"), ("patient", "r2"), ("patient", "r3")]) Assert.Equal(3, terminal.Run("run", file + ".yaml", "--run-id", run));
        terminal.Set("HYDRA_NOTIFY", "cat >> told.jsonl");

        // nothing is due: nothing is said, nothing is written
        Assert.Equal((0, "", ""), (terminal.Run("resume", "--due"), terminal.Out, terminal.Error));
        // an answer was given while no process lived
        Assert.Equal(0, terminal.Run("approve", "r3", "g", "--approver", "ann"));
        Assert.Equal((0, "goes on after ann\n"), (terminal.Run("resume", "--due"), terminal.Out));
        // a reminder, once; the run waits on
        terminal.Clock = new LaterTime(TimeSpan.FromSeconds(90));
        Assert.Equal((0, ""), (terminal.Run("resume", "--due"), terminal.Out));
        Assert.Contains("  hydra approve r1 g", terminal.Error);
        Assert.Equal((0, "", ""), (terminal.Run("resume", "--due"), terminal.Out, terminal.Error));
        // the end of its time
        terminal.Clock = new LaterTime(TimeSpan.FromSeconds(200));
        Assert.Equal(0, terminal.Run("resume", "--due", "--json"));
        using (var documents = JsonDocument.Parse(terminal.Out))
            Assert.Equal([("r1", "completed")], documents.RootElement.EnumerateArray().Select(run => (run.GetProperty("run_id").GetString()!, run.GetProperty("status").GetString()!)));
        Assert.Equal(["reminder", "expired"], File.ReadLines(terminal.PathOf("told.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("event").GetString()));
        terminal.Run("list", "--status", "paused");
        Assert.Contains("r2 g since ", terminal.Out);
    }

    [Fact]
    public void What_a_person_paused_while_it_waited_for_people_is_not_taken_up_when_it_is_due()
    {
        using var terminal = new Terminal { Clock = new LaterTime(TimeSpan.Zero) };
        terminal.Write("flow.yaml", "name: r\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?, timeout_seconds: 60, on_timeout: approve}\n");
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "r1"));
        Assert.Equal(0, terminal.Run("pause", "r1", "--reason", "look first"));
        Assert.Contains("look first", terminal.Out);
        Assert.Equal(0, terminal.Run("pause", "r1"));
        Assert.Contains("paused already", terminal.Out);
        terminal.Clock = new LaterTime(TimeSpan.FromSeconds(90));
        Assert.Equal((0, "", ""), (terminal.Run("resume", "--due"), terminal.Out, terminal.Error));
        Assert.Equal(0, terminal.Run("resume", "r1"));
    }

    [Theory]
    [InlineData("RUN is missing. Usage: hydra resume RUN, or hydra resume --due")]
    [InlineData("--due takes up every run that is due. Leave it or 'r1' out.", "r1", "--due")]
    [InlineData("--due takes up many runs, and --wait is for one. Leave one of them out.", "--due", "--wait")]
    public void Either_one_run_is_taken_up_or_all_that_are_due(string said, params string[] words)
    {
        using var terminal = new Terminal();
        Assert.Equal(2, terminal.Run(["resume", .. words]));
        Assert.Contains(said, terminal.Error);
    }

    [Fact]
    public void A_run_that_is_due_and_fails_says_so_and_keeps_no_other_from_going_on()
    {
        using var terminal = new Terminal { Clock = new LaterTime(TimeSpan.Zero) };
        terminal.Write("flow.yaml", "name: r\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?, timeout_seconds: 60}\n");
        Assert.Equal((3, 3), (terminal.Run("run", "flow.yaml", "--run-id", "r1"), terminal.Run("run", "flow.yaml", "--run-id", "r2")));
        terminal.Clock = new LaterTime(TimeSpan.FromSeconds(90));
        var code = terminal.Run("resume", "--due", "-q");
        Assert.Equal(0, terminal.Run("list", "--status", "failed", "--json"));
        using var failed = JsonDocument.Parse(terminal.Out);
        Assert.Equal((2, 1), (failed.RootElement.GetArrayLength(), code));
    }

    private sealed class LaterTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }

    private static async Task<(int Code, string Out, string Error)> EndAsync(Terminal terminal, params string[] words)
    {
        using var process = HydraProcess.Start(terminal.PathOf(""), Nobody, words);
        return await process.EndAsync();
    }

    private static Terminal WithFlow()
    {
        var terminal = new Terminal();
        terminal.Write("flow.yaml", File.ReadAllText(Path.Combine(Terminal.Root, "examples", "approval_flow.yaml")));
        return terminal;
    }
}
