using System.Text.Json;
using System.Text.RegularExpressions;

namespace Hydra.Cli.Tests;

/// <summary>Artifacts that are gone: what a person is told of them, and what still may be decided.</summary>
public sealed class LostPartTests
{
    private static readonly string Long = string.Concat(Enumerable.Range(0, 900).Select(i => $"The tide number {i} comes in. "));
    private static readonly string Gate = $"name: gate\nnodes:\n  - {{id: text, type: set, value: '{Long}'}}\n  - {{id: g, type: approval_gate, prompt_to_human: ok?, depends_on: [text]}}\n  - {{id: after, type: set, value: '{{{{ g.approver }}}}', depends_on: [g]}}\n";

    [Fact]
    public void What_a_gate_asks_is_named_and_asked_anew_by_the_command_that_doctor_says()
    {
        using var terminal = Waiting(Gate, "g");
        Assert.Equal(1, terminal.Run("doctor", "--runs"));
        Assert.Contains(". It holds what 'g' asks.\n  → It cannot be approved unseen. `hydra rerun r1 --from 'g'` asks anew. Rejecting it (`hydra approve r1 'g' --reject`) needs none of it. Or restore the file from a copy.\n", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Paused, terminal.Run("rerun", "r1", "--from", "g"));
        Assert.Equal(0, terminal.Run("verify"));   // it shows the same, and so it is the same artifact
        Assert.Equal(0, terminal.Run("approve", "r1", "g", "--approver", "ann"));
    }

    [Fact]
    public void A_lost_result_is_named_with_its_node_and_made_anew_by_the_command_that_doctor_says()
    {
        using var terminal = Waiting(Gate, "g", lost: file => File.ReadAllText(file) == Long);
        Assert.Equal(1, terminal.Run("doctor", "--runs"));
        Assert.Contains(". It holds the result of 'text'.\n  → `hydra rerun r1 --from 'text'` makes it anew.", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Paused, terminal.Run("rerun", "r1", "--from", "text"));
        Assert.Equal(0, terminal.Run("verify"));
    }

    [Fact]
    public void Without_its_definition_nothing_of_a_run_can_be_read_and_a_new_run_takes_what_it_has_done()
    {
        using var terminal = WithoutDefinition();
        Assert.Equal(1, terminal.Run("doctor", "--runs"));
        Assert.Contains(". It holds the run's definition and inputs, without which nothing of the run can be read.\n  → Restore the file from a copy. Without one, `hydra run FILE --reuse`", terminal.Out, StringComparison.Ordinal);
        Assert.Contains(". It holds a part of one of its nodes.\n  → Restore the file from a copy, and with it the one that holds the run's definition", terminal.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("--trace", terminal.Out, StringComparison.Ordinal);

        Assert.Equal(ExitCode.Paused, terminal.Run("run", "ask.yaml", "--reuse", "--run-id", "r2"));
        Assert.Contains("a reused from r1/a", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_whose_definition_is_lost_is_listed_beside_the_others_with_what_is_lost()
    {
        using var terminal = WithoutDefinition();
        Assert.Equal(ExitCode.Paused, terminal.Run("run", "ask.yaml", "--run-id", "r2"));
        Assert.Equal(0, terminal.Run("list", "--status", "paused"));
        Assert.Matches("(?m)^r2 g since .*: ok\\?\n(.*\n)*r1: The artifact .* is missing. `hydra doctor --runs` says what can be saved.$", terminal.Out);
        Assert.Equal(0, terminal.Run("list", "--status", "paused", "--json"));
        using var list = JsonDocument.Parse(terminal.Out);
        Assert.EndsWith(" is missing.", list.RootElement[1].GetProperty("lost").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_whose_definition_is_lost_keeps_no_other_from_going_on_when_it_is_due()
    {
        using var terminal = WithoutDefinition();
        Assert.Equal(ExitCode.Paused, terminal.Run("run", "ask.yaml", "--run-id", "r0"));
        Assert.Equal(ExitCode.Paused, terminal.Run("run", "ask.yaml", "--run-id", "r2"));
        foreach (var run in (string[])["r0", "r2"]) Assert.Equal(0, terminal.Run("approve", run, "g", "--approver", "ann"));
        Assert.Equal(ExitCode.Failed, terminal.Run("resume", "--due"));
        Assert.Contains("is missing", terminal.Error, StringComparison.Ordinal);
        foreach (var run in (string[])["r0", "r2"]) Assert.Contains($"{run} completed", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_approves_what_nobody_can_see_and_whoever_rejects_it_need_not_see_it()
    {
        using var terminal = Waiting(Gate, "g");
        var mend = "`hydra rerun r1 --from g` asks anew; `hydra doctor --runs` says what else can be saved. Rejecting needs none of it: hydra approve r1 g --reject";
        Assert.Equal(ExitCode.Usage, terminal.Run("approve", "r1", "g", "--approver", "ann"));
        Assert.Matches($"^hydra: 'g' of run 'r1' takes no approval. What it asks is lost: The artifact .* is missing. {Regex.Escape(mend)}\n$", terminal.Error);
        Assert.Equal(0, terminal.Run("inspect", "r1"));
        Assert.Contains(mend, terminal.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("\n  hydra approve r1 g\n", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("list", "--status", "paused"));
        Assert.Matches(@"r1 g since .* \(what it asks is lost: `hydra inspect` says what to do\): ok\?", terminal.Out);
        Assert.Equal(0, terminal.Run("inspect", "r1", "--json"));
        using (var document = JsonDocument.Parse(terminal.Out))
        {
            var wait = document.RootElement.GetProperty("waits")[0];
            Assert.Equal((JsonValueKind.Null, "hydra approve r1 g --reject"), (wait.GetProperty("asked").ValueKind, wait.GetProperty("command").GetString()));
            Assert.EndsWith(" is missing.", wait.GetProperty("lost").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(0, terminal.Run("approve", "r1", "g", "--reject", "--approver", "ann"));
        Assert.Equal(ExitCode.Failed, terminal.Run("resume", "r1"));
        Assert.Contains("rejected by 'ann'", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("inspect", "r1", "--node", "g"));
        Assert.Contains("what it asked is lost: ", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_question_that_nobody_can_see_takes_no_answer()
    {
        using var terminal = Waiting($"name: ask\nnodes:\n  - {{id: u, type: user_input, prompt: '{Long}'}}\n", "u");
        Assert.Equal(ExitCode.Usage, terminal.Run("respond", "r1", "u", "yes", "--approver", "ann"));
        Assert.Matches("^hydra: 'u' of run 'r1' takes no answer. What it asks is lost: .*`hydra rerun r1 --from u` asks anew; `hydra doctor --runs` says what else can be saved.\n$", terminal.Error);
    }

    [Fact]
    public void Whoever_is_asked_at_the_terminal_can_only_reject_what_is_lost()
    {
        using var terminal = Waiting(Gate, "g");
        using var error = new StringWriter();
        var io = new CliIo
        {
            Out = TextWriter.Null, Error = TextWriter.Synchronized(error), In = new StringReader("y\nn unseen\n"), IsInTerminal = true, IsErrorTerminal = true,
            Environment = name => name == "USER" ? "ann" : null, WorkingDirectory = terminal.Folder,
        };
        Assert.Equal(ExitCode.Failed, CommandLine.Run(["resume", "r1"], io));
        var said = error.ToString();
        Assert.Contains("g: What it asks is lost: ", said, StringComparison.Ordinal);
        Assert.Contains("g approve? [y / n COMMENT] nobody can say yes to what is lost: write n and why.", said, StringComparison.Ordinal);
        Assert.Contains("rejected by 'ann': unseen", said, StringComparison.Ordinal);
    }

    /// <summary>A run r1 whose only small value is the answer of its node a.</summary>
    private static Terminal WithoutDefinition()
    {
        var terminal = new Terminal();
        terminal.Write("ask.yaml", $"name: ask\ndefaults: {{model: offline/m}}\nnodes:\n  - {{id: a, type: agent, prompt: 'Which is the first? {Long}'}}\n  - {{id: g, type: approval_gate, prompt_to_human: ok?, depends_on: [a]}}\n");
        Assert.Equal(ExitCode.Paused, terminal.Run("run", "ask.yaml", "--run-id", "r1"));
        foreach (var file in Artifacts(terminal)) File.Delete(file);
        return terminal;
    }

    /// <summary>A run r1 that waits at a node whose question is lost, or what else is said to be.</summary>
    private static Terminal Waiting(string workflow, string node, Func<string, bool>? lost = null)
    {
        var terminal = new Terminal();
        terminal.Write("flow.yaml", workflow);
        Assert.Equal(ExitCode.Paused, terminal.Run("run", "flow.yaml", "--run-id", "r1"));
        terminal.Run("inspect", "r1", "--json");
        using var document = JsonDocument.Parse(terminal.Out);
        var payload = document.RootElement.GetProperty("waits").EnumerateArray().Single(wait => wait.GetProperty("node").GetString() == node).GetProperty("payload_sha256").GetString();
        File.Delete(Artifacts(terminal).Single(lost ?? (file => Path.GetFileName(file) == payload)));
        return terminal;
    }

    private static string[] Artifacts(Terminal terminal) => Directory.GetFiles(terminal.PathOf(".hydra/artifacts/sha256"), "*", SearchOption.AllDirectories);
}
