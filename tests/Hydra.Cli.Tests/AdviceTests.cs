using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Hydra.Cli.Tests;

/// <summary>Commands that the program tells people to type next are those that work.</summary>
public sealed class AdviceTests
{
    private const string Slow = "name: slow\nnodes:\n  - {id: quick, type: set, value: done}\n  - {id: never, type: wait, seconds: 86400, depends_on: [quick]}\n";
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public async Task A_run_whose_effects_have_unknown_outcomes_names_the_command_that_settles_them_all()
    {
        await using var world = new EffectServer();
        using var terminal = new Terminal();
        (_, _) = (world.Hold("a"), world.Hold("b"));
        terminal.Write("pay.yaml", "name: pay\nnodes:\n" + world.Node("a") + world.Node("b"));
        using var hydra = HydraProcess.Start(terminal.Folder, Nothing, "run", "pay.yaml", "--run-id", "pay", "--runs-dir", "my runs");
        await Task.WhenAll(world.ArrivalOf("a"), world.ArrivalOf("b"));
        hydra.Kill();
        await hydra.EndAsync();

        Assert.Equal(1, terminal.Run("resume", "pay", "--runs-dir", "my runs"));
        var advice = terminal.Error.TrimEnd('\n').Split('\n')[^1];
        Assert.EndsWith("hydra resume pay --runs-dir 'my runs' --assume 'a=done' --assume 'b=done'   or PATH=done:JSON with its result, or PATH=not-done to do it now", advice);
        Assert.DoesNotContain("Try again", advice);
        var told = Regex.Match(advice, "hydra resume (?<words>.*)   or PATH", RegexOptions.None, TimeSpan.FromSeconds(1)).Groups["words"].Value;
        using var shell = HydraProcess.StartShell(terminal.Folder, Nothing, $"$HYDRA resume {told}");
        var (code, _, error) = await shell.EndAsync();
        Assert.True(code == 0, error);
        Assert.Equal(["a", "b"], world.Effects.Select(effect => effect.Path).Order());
    }

    [Theory]
    [InlineData("run slow.yaml --run-id slow --detach")]
    [InlineData("run slow --detach")]
    [InlineData("resume slow --detach")]
    public async Task Going_on_in_the_background_with_a_run_that_a_living_process_owns_says_who_that_is(string words)
    {
        using var terminal = new Terminal();
        terminal.Write("slow.yaml", Slow);
        using var owner = HydraProcess.Start(terminal.Folder, Nothing, "run", "slow.yaml", "--run-id", "slow");
        await owner.ReadErrorUntilAsync("never waiting");
        using var second = HydraProcess.Start(terminal.Folder, Nothing, words.Split(' '));
        var (code, output, error) = await second.EndAsync();
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("Run 'slow' is owned by another process that is still alive", error);
        if (OperatingSystem.IsLinux()) Assert.Contains($": process {owner.Id} (", error);
    }

    [Theory]
    [InlineData("run slow --detach")]
    [InlineData("resume slow --detach")]
    public async Task A_run_that_was_left_goes_on_in_the_background(string words)
    {
        using var terminal = new Terminal();
        terminal.Write("slow.yaml", Slow);
        using (var owner = HydraProcess.Start(terminal.Folder, Nothing, "run", "slow.yaml", "--run-id", "slow"))
        {
            await owner.ReadErrorUntilAsync("never waiting");
            owner.Kill();
            await owner.EndAsync();
        }
        using var starter = HydraProcess.Start(terminal.Folder, Nothing, words.Split(' '));
        var (code, output, error) = await starter.EndAsync();
        Assert.True(code == 0, error);
        Assert.Equal("slow\n", output);
        Assert.Equal(2, terminal.Run("resume", "slow"));   // it is owned by now
        Assert.Equal(0, terminal.Run("cancel", "slow"));
    }

    [Theory]
    [InlineData(false, "run slow.yaml --run-id slow --detach --json")]
    [InlineData(true, "resume slow --detach --json")]
    public async Task A_run_in_the_background_is_told_as_a_document_too(bool isDone, string words)
    {
        using var terminal = new Terminal();
        terminal.Write("slow.yaml", isDone ? "name: quick\nnodes:\n  - {id: a, type: set, value: x}\n" : Slow);
        if (isDone) Assert.Equal(0, terminal.Run("run", "slow.yaml", "--run-id", "slow"));
        using var starter = HydraProcess.Start(terminal.Folder, Nothing, words.Split(' '));
        var (code, output, error) = await starter.EndAsync();
        Assert.True(code == 0, error);
        using var document = JsonDocument.Parse(output);
        string? Text(string name) => document.RootElement.GetProperty(name).GetString();
        Assert.Equal(("slow", isDone ? "completed" : "running", terminal.PathOf(".hydra/logs/slow.log")), (Text("run_id"), Text("status"), Text("log")));
        Assert.Equal(0, document.RootElement.GetProperty("exit_code").GetInt32());
        Assert.Equal(2, isDone ? 2 : terminal.Run("resume", "slow"));
        Assert.Equal(isDone ? JsonValueKind.Null : JsonValueKind.Number, document.RootElement.GetProperty("process").ValueKind);
        if (OperatingSystem.IsLinux() && !isDone) Assert.Contains($": process {document.RootElement.GetProperty("process")} (", terminal.Error, StringComparison.Ordinal);
        if (!isDone) Assert.Equal(0, terminal.Run("cancel", "slow"));
    }

    /// <remarks>The file is a pipe, another one for each reader: when the background process has come to read it, the one that started it has found the run free.</remarks>
    [Theory]
    [InlineData("")]
    [InlineData(" --json")]
    public async Task A_run_that_somebody_takes_before_the_background_process_does_is_not_said_to_have_begun(string json)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "named pipes are files of Unix");
        using var terminal = new Terminal();
        terminal.Write("same.yaml", Slow);
        using (var made = Process.Start("mkfifo", [terminal.PathOf("slow.yaml"), terminal.PathOf("next.yaml")])) await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var starter = HydraProcess.Start(terminal.Folder, Nothing, ("run slow.yaml --run-id slow --detach" + json).Split(' '));
        using (var pipe = await ReaderOf(terminal.PathOf("slow.yaml")))
        {
            File.Move(terminal.PathOf("next.yaml"), terminal.PathOf("slow.yaml"), overwrite: true);
            pipe.Write(Encoding.UTF8.GetBytes(Slow));
        }
        using var background = await ReaderOf(terminal.PathOf("slow.yaml"));
        using var owner = HydraProcess.Start(terminal.Folder, Nothing, "run", "same.yaml", "--run-id", "slow");
        await owner.ReadErrorUntilAsync("never waiting");
        background.Write(Encoding.UTF8.GetBytes(Slow));
        background.Dispose();
        var (code, output, error) = await starter.EndAsync();

        Assert.Equal(2, code);
        Assert.Contains("Run 'slow' is owned by another process that is still alive", error, StringComparison.Ordinal);
        if (json.Length == 0) Assert.Equal("", output);
        else Assert.Equal(2, JsonDocument.Parse(output).RootElement.GetProperty("exit_code").GetInt32());
    }

    /// <summary>Opens a pipe when the next process comes to read it.</summary>
    private static Task<FileStream> ReaderOf(string pipe) => Task.Run(() => new FileStream(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite));

    [Fact]
    public void What_is_said_of_effects_of_a_run_that_has_completed_is_refused_and_not_passed_over()
    {
        using var terminal = new Terminal();
        terminal.Write("done.yaml", "name: done\nnodes:\n  - {id: a, type: set, value: x}\n");
        Assert.Equal(0, terminal.Run("run", "done.yaml", "--run-id", "r1"));
        Assert.Equal(2, terminal.Run("resume", "r1", "--assume", "a=done"));
        Assert.Equal(("", "hydra: --assume names 'a', and run 'r1' has completed: what it did stands, and nothing is left to settle. Leave --assume out to print its result again.\n"), (terminal.Out, terminal.Error));
        Assert.Equal(0, terminal.Run("resume", "r1"));
        Assert.Equal("x\n", terminal.Out);
    }

    [Fact]
    public async Task What_is_said_of_effects_of_a_run_that_another_process_carries_on_is_refused_and_not_passed_over()
    {
        using var terminal = new Terminal();
        terminal.Write("slow.yaml", Slow);
        using var owner = HydraProcess.Start(terminal.Folder, Nothing, "run", "slow.yaml", "--run-id", "slow");
        await owner.ReadErrorUntilAsync("never waiting");
        Assert.Equal(2, terminal.Run("resume", "slow", "--follow", "--assume", "quick=done"));
        Assert.Contains("another process carries run 'slow' on, and nothing of it can be settled meanwhile. Leave --assume out to follow it.", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_keeps_a_run_from_going_on_is_told_of_the_background_too()
    {
        using var terminal = new Terminal();
        terminal.Write("slow.yaml", "name: gate\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?}\n");
        Assert.Equal(3, terminal.Run("run", "slow.yaml", "--run-id", "slow"));
        terminal.Write("slow.yaml", "name: gate\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: changed?}\n");
        using var second = HydraProcess.Start(terminal.Folder, Nothing, "run", "slow.yaml", "--run-id", "slow", "--detach");
        var (code, output, error) = await second.EndAsync();
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("was started from another version of this file", error);
    }

    [Fact]
    public void A_locked_database_asks_whoever_answers_to_try_again_and_not_to_resume_a_run()
    {
        using var terminal = new Terminal();
        terminal.Write("gate.yaml", "name: gate\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?}\n");
        Assert.Equal(3, terminal.Run("run", "gate.yaml", "--run-id", "r1"));
        using (var holder = new SqliteConnection($"Data Source={terminal.PathOf(".hydra/hydra.db")};Pooling=False"))
        {
            holder.Open();
            using var command = holder.CreateCommand();
            command.CommandText = "BEGIN EXCLUSIVE";
            command.ExecuteNonQuery();
            Assert.Equal(1, terminal.Run("approve", "r1", "g", "--approver", "ann"));
        }
        Assert.EndsWith(" for too long. Close what holds it, then try again; nothing acknowledged is lost.\n", terminal.Error);
        Assert.Equal(0, terminal.Run("approve", "r1", "g", "--approver", "ann"));
    }

    [Fact]
    public void A_question_says_who_may_decide_and_how_many_have()
    {
        using var terminal = new Terminal();
        terminal.Write("gate.yaml", "name: gate\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?, approvers: [ann, bo], quorum: 2}\n");
        Assert.Equal(3, terminal.Run("run", "gate.yaml", "--run-id", "r1"));
        Assert.Contains("g asks: ok? (may decide: ann, bo; 0 of 2 approvals)\n  hydra approve r1 g ", terminal.Error);
        Assert.Equal(0, terminal.Run("approve", "r1", "g", "--approver", "bo"));
        Assert.Equal(3, terminal.Run("resume", "r1"));
        Assert.Contains("g asks: ok? (may decide: ann, bo; 1 of 2 approvals)\n", terminal.Error);
    }
}
