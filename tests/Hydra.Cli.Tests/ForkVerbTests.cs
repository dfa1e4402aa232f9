using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Hydra.Cli.Tests;

/// <summary>Forks, differences and migrations as a user types them.</summary>
public sealed partial class ForkVerbTests
{
    private const string Flow = """
        name: flow
        inputs: {topic: {default: tea}}
        nodes:
          - {id: facts, type: set, value: "facts of {{ topic }}"}
          - {id: style, type: set, value: plain}
          - {id: items, type: map, depends_on: [facts], over: "[1, 2]", as: n, body: [{id: item, type: set, value: "{{ n }}. {{ facts }}"}]}
          - {id: report, type: set, depends_on: [items, style], value: "{{ style }}: {{ items | join('; ') }}"}
        """;

    [Fact]
    public void A_run_is_forked_changed_and_compared()
    {
        using var terminal = WithFlow();
        Assert.Equal(0, terminal.Run("run", "flow.yaml", "--run-id", "first", "-q"));
        Assert.Equal(0, terminal.Run("rerun", "first", "--from", "items[1]", "--run-id", "again"));
        Assert.Equal(0, terminal.Run("rerun", "again", "--set", "style.value=fancy", "--run-id", "fancy", "-q"));
        Assert.Equal(0, terminal.Run("rerun", "fancy", "--set-output", "facts=a fact of my own", "--run-id", "mine", "-q"));
        Assert.Equal(0, terminal.Run("inspect", "mine"));
        Assert.Equal(0, terminal.Run("diff", "first", "again"));
        Assert.Equal(1, terminal.Run("diff", "again", "mine", "--exit-code"));
        Assert.Equal(0, terminal.Run("list"));
        Assert.Equal(0, terminal.Run("resume", "mine", "-q"));
        Verified.Check(Squeezed(terminal));
        Assert.Equal(0, terminal.Run("verify"));
        Assert.StartsWith("sound: 4 runs", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_forked_is_refused_with_its_mend()
    {
        using var terminal = WithFlow();
        terminal.Run("run", "flow.yaml", "--run-id", "first", "-q");
        foreach (var words in new string[][]
        {
            ["rerun", "first"], ["rerun", "nobody", "--from", "facts"], ["rerun", "first", "--from", "fcats"], ["rerun", "first", "--only-failed"], ["rerun", "first", "--set", "style=fancy"],
            ["rerun", "first", "--set", "stlye.value=fancy"], ["rerun", "first", "--set", "style.vlaue=fancy"], ["rerun", "first", "--set", "style.depends_on=[\"facts\"]"],
            ["rerun", "first", "--set-output", "style=@nothing.txt"], ["rerun", "first", "--from", "facts", "--run-id", "first"], ["diff", "first", "nobody"], ["gc", "--older-than", "soon"],
        })
        {
            var code = terminal.Run(words);
            Assert.True(code == 2, $"hydra {string.Join(' ', words)} ended with {code}");
        }
        terminal.Run("list");
        Verified.Check(Squeezed(terminal));
    }

    [Fact]
    public void A_fork_whose_templates_read_an_input_that_the_run_was_not_given_is_not_begun()
    {
        using var terminal = new Terminal();
        var free = "name: free\nnodes: [{id: title, type: set, value: \"on {{ topic }}\"}]\n";
        terminal.Write("free.yaml", free);
        terminal.Run("run", "free.yaml", "-i", "topic=tea", "--run-id", "first", "-q");
        terminal.Write("other.yaml", free.Replace("topic", "theme", StringComparison.Ordinal));
        foreach (var words in new string[][] { ["rerun", "first", "--set", "title.value=on {{ theme }}"], ["migrate", "first", "other.yaml"], ["migrate", "first", "other.yaml", "--apply"] })
        {
            Assert.True(terminal.Run(words) == 2, terminal.Out + terminal.Error);
            Assert.Contains("the input 'theme'", terminal.Error);
        }
        Assert.Equal(0, terminal.Run("rerun", "first", "--set", "title.value=of {{ topic }}", "--run-id", "second", "-q"));
    }

    [Fact]
    public void A_changed_file_is_refused_shown_and_migrated()
    {
        using var terminal = WithFlow();
        terminal.Run("run", "flow.yaml", "--run-id", "first", "-q");
        terminal.Write("flow.yaml", Flow.Replace("plain", "fancy", StringComparison.Ordinal).Replace("  - {id: report", "  - {id: title, type: set, value: Report}\n  - {id: report", StringComparison.Ordinal));
        Assert.Equal(2, terminal.Run("run", "flow.yaml", "--run-id", "first"));
        Assert.Equal(0, terminal.Run("migrate", "first", "flow.yaml"));
        Assert.Equal(0, terminal.Run("migrate", "first", "flow.yaml", "--apply", "--run-id", "second"));
        Assert.Equal(0, terminal.Run("resume", "second"));
        Assert.Equal(0, terminal.Run("inspect", "second"));
        Assert.Equal(2, terminal.Run("migrate", "second", "flow.yaml"));
        Verified.Check(Squeezed(terminal));
    }

    [Fact]
    public void A_limit_that_the_new_file_raises_holds_and_what_was_added_to_another_stays()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Limited(calls: 1));
        Assert.Equal(4, terminal.Run("run", "flow.yaml", "--run-id", "first", "--budget-tokens", "1"));
        Assert.Contains("hydra resume first --add-budget-tokens 10000   Another limit", terminal.Error);
        Assert.Equal(4, terminal.Run("resume", "first", "--add-budget-tokens", "10000"));
        Assert.Contains("max_model_calls 1 is used up", terminal.Error);
        terminal.Write("flow.yaml", Limited(calls: 2));
        Assert.Equal(0, terminal.Run("migrate", "first", "flow.yaml", "--apply", "--run-id", "second"));
        Assert.True(terminal.Run("resume", "second") == 0, terminal.Error);
    }

    [Fact]
    public void What_nothing_can_be_added_to_is_named_and_no_fork_is_left()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Limited(calls: 1));
        Assert.Equal(4, terminal.Run("run", "flow.yaml", "--run-id", "first"));
        Assert.Contains("More budget: raise the limit in the file, then hydra migrate first FILE --apply", terminal.Error);
        foreach (var words in (string[][])[["resume", "first", "--add-budget-usd", "1"], ["resume", "first", "--add-budget-tokens", "9"], ["rerun", "first", "--from", "a", "--add-budget-usd", "1", "--run-id", "fork"]])
        {
            Assert.Equal(2, terminal.Run(words));
            Assert.Contains("The run itself has no limit in ", terminal.Error);
        }
        Assert.Equal(2, terminal.Run("inspect", "fork"));
    }

    [Fact]
    public void A_fork_that_did_one_item_anew_does_not_undo_the_map_that_its_parent_did()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", """
            name: flow
            nodes:
              - {id: book, type: map, over: "[1, 2]", as: n, max_concurrency: 1, body: {type: bash, command: "echo book {{ n }} >> log"}, compensate: {type: bash, command: "echo undo >> log"}}
              - {id: last, type: bash, depends_on: [book], command: "true"}
            """);
        Assert.Equal(0, terminal.Run("run", "flow.yaml", "--sandbox", "inprocess", "--run-id", "first", "-q"));
        Assert.Equal(1, terminal.Run("rerun", "first", "--from", "book[1]", "--set", "last.command=exit 1", "--run-id", "fork"));
        Assert.Equal("book 1,book 2,book 2", string.Join(',', File.ReadLines(terminal.PathOf("log"))));
        Assert.Contains("left as it is: book (done by run 'first')", terminal.Error);
        Assert.Equal(1, terminal.Run("rerun", "first", "--from", "book", "--set", "last.command=exit 1", "--run-id", "whole"));
        Assert.EndsWith("book 1,book 2,undo", string.Join(',', File.ReadLines(terminal.PathOf("log"))), StringComparison.Ordinal);
    }

    private static string Limited(int calls) => $$"""
        name: limited
        defaults: {model: offline/x, max_output_tokens: 20}
        budget: {max_model_calls: {{calls}}}
        nodes:
          - {id: a, type: agent, prompt: one}
          - {id: b, type: agent, prompt: two, depends_on: [a]}
        """;

    [Fact]
    public void A_run_whose_line_in_the_list_is_lost_keeps_no_other_from_being_made()
    {
        using var terminal = WithFlow();
        terminal.Run("run", "flow.yaml", "--run-id", "first", "-q");
        using (var connection = new SqliteConnection($"Data Source={terminal.PathOf(".hydra/hydra.db")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "DELETE FROM runs";
            command.ExecuteNonQuery();
        }
        Assert.True(terminal.Run("run", "flow.yaml", "--run-id", "second", "-q") == 0, terminal.Error);
        Assert.Equal(0, terminal.Run("verify", "second"));
        Assert.Equal(1, terminal.Run("doctor", "--runs"));
        Assert.Contains("They can be left; nothing refers to them.", terminal.Out);
    }

    [Fact]
    public void A_damaged_store_says_what_can_be_saved_and_how()
    {
        using var terminal = WithFlow();
        terminal.Run("run", "flow.yaml", "--run-id", "first", "-q");
        using (var connection = new SqliteConnection($"Data Source={terminal.PathOf(".hydra/hydra.db")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "UPDATE frames SET at=at+1 WHERE seq=(SELECT max(seq) FROM frames)";
            command.ExecuteNonQuery();
        }
        Assert.Equal(1, terminal.Run("verify", "first"));
        Assert.Equal(1, terminal.Run("doctor", "--runs"));
        Assert.Contains("hydra rerun first --up-to", terminal.Out);
        var frame = terminal.Out.Split("--up-to ")[1].Split('\n')[0];
        Assert.Equal(0, terminal.Run("rerun", "first", "--up-to", frame, "-q"));
        Assert.Contains("plain: 1. facts of tea; 2. facts of tea", terminal.Out);
    }

    /// <summary>Columns as wide as their times make a text that differs from run to run.</summary>
    private static string Squeezed(Terminal terminal) => Gaps().Replace(terminal.Transcript, "  ");

    [GeneratedRegex(@"(?<=\S) {2,}", RegexOptions.None, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Gaps();

    private static Terminal WithFlow()
    {
        var terminal = new Terminal();
        terminal.Write("flow.yaml", Flow);
        return terminal;
    }
}
