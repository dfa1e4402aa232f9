using System.Text.Json;

namespace Hydra.Cli.Tests;

/// <summary>With <c>--json</c> standard output holds one document, whatever comes of the command.</summary>
public sealed class ErrorDocumentTests
{
    [Theory]
    [InlineData("pause")]
    [InlineData("cancel")]
    public void A_run_that_has_ended_is_told_to_people_and_to_programs(string verb)
    {
        using var terminal = WithRun();
        Assert.Equal(2, terminal.Run(verb, "r1", "--json"));
        Assert.Equal($"hydra: run 'r1' is completed already; there is nothing to {verb}.\n", terminal.Error);
        using var document = JsonDocument.Parse(terminal.Out);
        Assert.Equal("completed", document.RootElement.GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("pause nobody --json", 2, "rejected", "there is no run 'nobody' here.")]
    [InlineData("inspect r1 --json --node nobody", 2, "rejected", "run 'r1' has no node 'nobody'.")]
    [InlineData("approve r1 text --json --approver ann", 2, "rejected", "text")]
    [InlineData("list --json --nonsense", 2, "rejected", "`hydra list` has no option '--nonsense'.")]
    public void What_is_refused_is_a_document_with_its_reason(string words, int code, string status, string reason)
    {
        using var terminal = WithRun();
        Assert.Equal(code, terminal.Run(words.Split(' ')));
        AssertTold(terminal, code, status, reason);
    }

    [Fact]
    public void A_store_that_fails_is_a_document_with_what_it_says()
    {
        using var terminal = new Terminal();
        terminal.Write(".hydra/hydra.db", "this is no database, and long enough that nobody takes it for one that was just begun");
        Assert.Equal(1, terminal.Run("list", "--json"));
        AssertTold(terminal, 1, "failed", "hydra.db");
    }

    [Fact]
    public void A_file_where_a_folder_is_meant_is_named()
    {
        using var terminal = WithRun();
        Assert.Equal(2, terminal.Run("list", "--json", "--runs-dir", "plain.yaml"));
        AssertTold(terminal, 2, "rejected", "runs are kept in a folder, and 'plain.yaml' is a file. Name another with --runs-dir.");
        Assert.Equal(1, terminal.Run("init", "planner", "--folder", "plain.yaml"));
        Assert.StartsWith("hydra: ", terminal.Error, StringComparison.Ordinal);
        Assert.Contains(terminal.PathOf("plain.yaml"), terminal.Error, StringComparison.Ordinal);
    }

    private static void AssertTold(Terminal terminal, int code, string status, string reason)
    {
        using var document = JsonDocument.Parse(terminal.Out);
        Assert.Equal((status, code), (document.RootElement.GetProperty("status").GetString(), document.RootElement.GetProperty("exit_code").GetInt32()));
        var told = document.RootElement.GetProperty("reason").GetString()!;
        Assert.Contains(reason, told, StringComparison.Ordinal);
        Assert.Equal($"hydra: {told}\n", terminal.Error);
    }

    private static Terminal WithRun()
    {
        var terminal = new Terminal();
        terminal.Write("plain.yaml", "name: plain\nnodes:\n  - {id: text, type: set, value: hello}\n");
        Assert.Equal(0, terminal.Run("run", "plain.yaml", "--run-id", "r1"));
        return terminal;
    }
}
