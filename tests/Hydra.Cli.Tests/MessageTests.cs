using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Hydra.Cli.Tests;

/// <summary>Messages name what is so and what helps, and nothing that does not.</summary>
public sealed class MessageTests
{
    private const string NoModels = "name: plain\nnodes:\n  - {id: text, type: set, value: hello}\n";

    [Fact]
    public void The_offline_model_is_named_only_where_it_may_be_asked()
    {
        using var terminal = new Terminal();
        terminal.Write("plain.yaml", NoModels);
        terminal.Write("asks.yaml", "name: asks\ndefaults: {model: m}\nnodes:\n  - {id: each, type: map, over: '[1]', as: n, body: {id: say, type: agent, prompt: hello}}\n");
        Assert.Equal(0, terminal.Run("run", "plain.yaml"));
        Assert.DoesNotContain("No model is configured", terminal.Error);
        Assert.Equal(0, terminal.Run("run", "asks.yaml", "--run-id", "r1"));
        Assert.Contains("No model is configured", terminal.Error);
        Assert.Equal(0, terminal.Run("resume", "r1"));   // prints its result once more
        Assert.DoesNotContain("No model is configured", terminal.Error);
    }

    [Fact]
    public void The_page_of_the_command_names_every_verb()
    {
        var page = File.ReadAllText(Path.Combine(Terminal.Root, "docs", "cli.md"));
        Assert.Empty(Verbs.VerbTable.All.Where(verb => verb.Run is not null && !page.Contains($"`{verb.Name}", StringComparison.Ordinal) && !page.Contains($"`hydra {verb.Name}", StringComparison.Ordinal)).Select(verb => verb.Name));
    }

    [Fact]
    public void Only_the_words_that_are_missing_are_said_to_be()
    {
        using var terminal = new Terminal();
        Assert.Equal(2, terminal.Run("diff", "r1"));
        Assert.Contains("hydra: RUN is missing. Usage: hydra diff RUN RUN", terminal.Error);
        Assert.Equal(2, terminal.Run("respond", "r1", "channel"));
        Assert.Contains("hydra: VALUE is missing. Usage: hydra respond RUN NODE VALUE", terminal.Error);
        Assert.Equal(2, terminal.Run("signal", "r1"));
        Assert.Contains("hydra: EVENT is missing. Usage: hydra signal RUN EVENT [VALUE]", terminal.Error);
    }

    [Fact]
    public void A_run_is_moved_with_one_document_on_either_side()
    {
        using var terminal = new Terminal();
        terminal.Write("plain.yaml", NoModels);
        terminal.Run("run", "plain.yaml", "--run-id", "r1");
        Assert.Equal(0, terminal.Run("export", "r1", "--json"));
        using var exported = JsonDocument.Parse(terminal.Out);
        Assert.Equal(("r1", "r1.hydra"), (exported.RootElement.GetProperty("run_id").GetString(), exported.RootElement.GetProperty("file").GetString()));
        Assert.Equal(0, terminal.Run("import", "r1.hydra", "--run-id", "r2", "--json"));
        using var imported = JsonDocument.Parse(terminal.Out);
        Assert.Equal(("r2", "completed"), (imported.RootElement.GetProperty("run_id").GetString(), imported.RootElement.GetProperty("status").GetString()));
    }

    [Fact]
    public void The_facts_of_a_run_are_one_document_where_one_is_asked_for()
    {
        using var terminal = new Terminal();
        terminal.Write("plain.yaml", NoModels);
        terminal.Run("run", "plain.yaml", "--run-id", "r1");
        Assert.Equal(0, terminal.Run("inspect", "r1", "--events", "--json"));
        using var events = JsonDocument.Parse(terminal.Out);
        var started = events.RootElement.EnumerateArray().First(each => each.GetProperty("node").GetString() == "text");
        Assert.Equal("attempt 1 started", started.GetProperty("what").GetString());
        Assert.Equal(JsonValueKind.Null, events.RootElement[0].GetProperty("node").ValueKind);
    }

    [Fact]
    public void A_damaged_journal_and_a_missing_artifact_name_the_verb_that_says_what_can_be_saved()
    {
        using var terminal = new Terminal();
        terminal.Write("big.yaml", $"name: big\nnodes:\n  - {{id: text, type: set, value: {new string('x', 20_000)}}}\n");
        Assert.Equal(0, terminal.Run("run", "big.yaml", "--run-id", "r1"));
        foreach (var file in Directory.GetFiles(terminal.PathOf(".hydra/artifacts/sha256"), "*", SearchOption.AllDirectories)) File.Delete(file);
        Assert.Equal(1, terminal.Run("export", "r1"));
        Assert.EndsWith(" is missing. `hydra doctor --runs` says what can be saved.\n", terminal.Error);
        terminal.Write("plain.yaml", NoModels);
        terminal.Run("run", "plain.yaml", "--run-id", "r2");
        Edit(terminal, "UPDATE frames SET body = x'00' WHERE seq = 1 AND run = (SELECT id FROM runs WHERE run = 'r2')");
        Assert.Equal(1, terminal.Run("inspect", "r2"));
        Assert.EndsWith("the frames before it are sound. `hydra doctor --runs` says what can be saved.\n", terminal.Error);
        Assert.Equal(1, terminal.Run("doctor", "--runs"));
        Assert.DoesNotContain("hydra doctor", terminal.Out);
    }

    [Fact]
    public void A_store_of_a_newer_version_is_not_called_damaged()
    {
        using var terminal = new Terminal();
        terminal.Write("plain.yaml", NoModels);
        terminal.Run("run", "plain.yaml");
        Edit(terminal, "PRAGMA user_version = 99");
        Assert.Equal(1, terminal.Run("doctor", "--runs"));
        Assert.Contains("was written by a newer Hydra (format 99", terminal.Out);
        Assert.Contains("→ Nothing is damaged: that version opens it.", terminal.Out);
        Assert.DoesNotContain(".recover", terminal.Out);
    }

    private static void Edit(Terminal terminal, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={terminal.PathOf(".hydra/hydra.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
