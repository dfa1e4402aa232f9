using System.Text.Json;

namespace Hydra.Cli.Tests;

/// <summary>Artifacts that are gone: what a person is told of them.</summary>
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
