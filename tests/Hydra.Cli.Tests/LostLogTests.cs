namespace Hydra.Cli.Tests;

/// <summary>A database holds what was written last in its log beside it; a store that has lost that is not a new one.</summary>
public sealed class LostLogTests
{
    [Theory]
    [InlineData(4096)]
    [InlineData(2048)]
    public async Task A_database_that_has_lost_its_log_is_named_and_not_taken_for_a_new_one(int bytes)
    {
        using var terminal = new Terminal();
        terminal.Write("gate.yaml", "name: gate\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?}\n");
        using (var hydra = HydraProcess.Start(terminal.Folder, new Dictionary<string, string>(StringComparer.Ordinal), "run", "gate.yaml", "--run-id", "gate", "--wait"))
        {
            await hydra.ReadErrorUntilAsync("g waits for a decision");
            hydra.Kill();   // whoever ends writes the log into the database
            Assert.Equal(137, (await hydra.EndAsync()).Code);
        }
        var file = terminal.PathOf(".hydra/hydra.db");
        foreach (var log in (string[])[$"{file}-wal", $"{file}-shm"]) File.Delete(log);
        using (var cut = File.OpenWrite(file)) cut.SetLength(bytes);
        var before = File.ReadAllBytes(file);
        foreach (var words in (string[])["list", "inspect gate", "approve gate g", "run gate.yaml", "verify", "doctor --runs"])
        {
            Assert.True(terminal.Run(words.Split(' ')) == ExitCode.Failed, $"{words}: {terminal.Error}");
            Assert.Contains($"{file} holds no table, though {terminal.PathOf(".hydra/locks")} is there from earlier runs", terminal.Out + terminal.Error, StringComparison.Ordinal);
        }
        Assert.Equal(before, File.ReadAllBytes(file));
        Directory.Move(terminal.PathOf(".hydra"), terminal.PathOf("away"));
        Assert.Equal(ExitCode.Done, terminal.Run("list"));
    }
}
