using System.Text.Json;

namespace Hydra.Cli.Tests;

/// <summary>What an operator is told about questions and answers, and what to type next.</summary>
public sealed class PeopleTextTests
{
    [Fact]
    public void A_node_that_asks_people_shows_the_question_the_command_and_then_who_said_what()
    {
        using var terminal = WithRevisedGate();
        terminal.Run("inspect", "r1", "--node", "review");
        Assert.Contains("Publish it?", terminal.Out);
        Assert.Contains("── draft\nplain", terminal.Out);
        Assert.Contains("  hydra approve r1 review\n", terminal.Out);
        terminal.Run("approve", "r1", "review", "--reject", "--comment", "shorter", "--approver", "anna");
        terminal.Run("inspect", "r1", "--node", "review");
        Assert.Contains("Publish it?", terminal.Out);
        Assert.Matches("rejected by anna at [-0-9: ]+ UTC: shorter\n", terminal.Out);
        Assert.DoesNotContain("hydra approve", terminal.Out);
        terminal.Run("inspect", "r1", "--node", "review", "--json");
        using var node = JsonDocument.Parse(terminal.Out);
        var wait = node.RootElement.GetProperty("waits")[0];
        Assert.Equal(("anna", JsonValueKind.Null), (wait.GetProperty("answers")[0].GetProperty("who").GetString(), wait.GetProperty("command").ValueKind));
    }

    [Fact]
    public void Whoever_answers_a_revised_gate_a_second_time_hears_what_they_said_and_where_it_is_asked_now()
    {
        using var terminal = WithRevisedGate();
        terminal.Run("approve", "r1", "review", "--reject", "--approver", "anna");
        Assert.Equal(3, terminal.Run("resume", "r1"));
        Assert.Equal(2, terminal.Run("approve", "r1", "review", "--approver", "anna"));
        Assert.Contains("'anna' has rejected it already. The first answer stands. It is asked again as 'review#2', with something else to decide on.", terminal.Error);
        Assert.Equal(2, terminal.Run("approve", "r1", "review", "--approver", "bo"));
        Assert.Contains("already: rejected. It is asked again as 'review#2'", terminal.Error);
    }

    [Fact]
    public void The_questions_a_run_leaves_say_what_may_be_answered_and_the_reason_names_those_that_are_open()
    {
        using var terminal = WithQuestions();
        Assert.Contains("channel asks: Where? [blog / mail]\n", terminal.Error);
        Assert.Contains("""  hydra respond r1 size '{"n": INTEGER, "why": …}'""", terminal.Error);
        terminal.Run("respond", "r1", "channel", "blog", "--approver", "anna");
        terminal.Run("inspect", "r1");
        Assert.StartsWith("r1  ask  paused: waiting for people at 'size'\n", terminal.Out);
    }

    [Fact]
    public void The_list_of_paused_runs_says_why_where_nobody_is_asked()
    {
        using var terminal = WithQuestions();
        terminal.Run("respond", "r1", "channel", "blog", "--approver", "anna");
        terminal.Run("respond", "r1", "size", """{"n": 1}""", "--approver", "anna");
        terminal.Run("list", "--status", "paused");
        Assert.EndsWith("\nr1: every question is answered: go on with `hydra resume`\n", terminal.Out);
        terminal.Run("pause", "r1", "--reason", "look first");
        terminal.Run("list", "--status", "paused");
        Assert.Contains("\nr1: paused by ", terminal.Out);
        Assert.EndsWith(": look first\n", terminal.Out);
    }

    [Fact]
    public async Task The_list_of_running_runs_names_what_those_that_stay_wait_for()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", "name: r\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?}\n");
        using var run = HydraProcess.Start(terminal.PathOf(""), new Dictionary<string, string>(), "run", "flow.yaml", "--run-id", "r1", "--wait");
        await run.ReadErrorUntilAsync("hydra approve r1 g");
        terminal.Run("list", "--status", "running");
        Assert.Matches("\nr1 g since .* UTC: ok\\?\n$", terminal.Out);
        terminal.Run("list", "--status", "running", "--json");
        using (var list = JsonDocument.Parse(terminal.Out)) Assert.Equal("g", list.RootElement[0].GetProperty("waits")[0].GetProperty("node").GetString());
        Assert.Equal(0, terminal.Run("approve", "r1", "g", "--approver", "anna"));
        await run.EndAsync();
    }

    [Fact]
    public void Commands_that_are_told_find_a_folder_whose_name_needs_quotes()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", "name: r\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?}\n");
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "r1", "--runs-dir", "my runs"));
        Assert.Contains("  hydra approve r1 g --runs-dir 'my runs' ", terminal.Error);
        Assert.Contains("Then go on: hydra resume r1 --runs-dir 'my runs'\n", terminal.Error);
    }

    [Fact]
    public void A_cancelled_run_offers_no_answer_until_it_is_resumed()
    {
        using var terminal = WithQuestions();
        terminal.Run("cancel", "r1");
        terminal.Run("inspect", "r1");
        Assert.DoesNotContain("hydra respond", terminal.Out);
        terminal.Run("inspect", "r1", "--node", "channel");
        Assert.Contains("Where?\nit was ended undecided\n", terminal.Out);
        terminal.Run("inspect", "r1", "--json");
        using (var run = JsonDocument.Parse(terminal.Out)) Assert.Equal(0, run.RootElement.GetProperty("waits").GetArrayLength());
        Assert.Equal(3, terminal.Run("resume", "r1"));
        terminal.Run("inspect", "r1");
        Assert.Contains("hydra respond r1 channel blog", terminal.Out);
    }

    [Fact]
    public void What_was_rejected_and_skipped_says_by_whom_and_why()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", "name: r\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?, on_reject: skip}\n");
        terminal.Run("run", "flow.yaml", "--run-id", "r1");
        terminal.Run("approve", "r1", "g", "--reject", "--comment", "too dear", "--approver", "anna");
        Assert.Equal(0, terminal.Run("resume", "r1"));
        terminal.Run("inspect", "r1", "--why", "g");
        Assert.StartsWith("skipped: it was rejected by anna: too dear\n", terminal.Out);
    }

    private static Terminal WithRevisedGate()
    {
        var terminal = new Terminal();
        terminal.Write("flow.yaml", """
            name: publish
            nodes:
              - {id: draft, type: set, value: plain}
              - {id: review, type: approval_gate, prompt_to_human: "Publish it?", depends_on: [draft], on_reject: {revise: draft}}
            """);
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "r1"));
        return terminal;
    }

    private static Terminal WithQuestions()
    {
        var terminal = new Terminal();
        terminal.Write("flow.yaml", """
            name: ask
            nodes:
              - {id: channel, type: user_input, prompt: "Where?", input_type: select, options: [blog, mail]}
              - {id: size, type: user_input, prompt: "How big?", input_type: form, schema: {type: object, properties: {n: {type: integer}, why: {}}}}
            """);
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "r1"));
        return terminal;
    }
}
