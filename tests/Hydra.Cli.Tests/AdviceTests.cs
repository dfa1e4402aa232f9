using System.Text.RegularExpressions;

namespace Hydra.Cli.Tests;

/// <summary>Commands that the program tells people to type next are those that work.</summary>
public sealed class AdviceTests
{
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
}
