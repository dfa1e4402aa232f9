using System.Diagnostics;

namespace Hydra.Cli.Tests;

/// <summary>Tasks that change code, each in a git worktree of its own. The offline model calls the tools that a prompt spells out.</summary>
public sealed class WorktreeTests
{
    private const string Head = "name: f\nagents: {dev: {model: offline/x, instructions: Write., tools: [write_file]}}\nnodes:\n";

    private static string Node(string id, string file, string content, string worktree = "{}", string more = "") =>
        $$"""  - {id: {{id}}, type: agent, agent: dev, {{more}}worktree: {{worktree}}, prompt: '@tool write_file {"path": "{{file}}", "content": "{{content}}"}'}""" + "\n";

    private static Terminal Repository(string flow, string check = "exit 0")
    {
        var terminal = new Terminal();
        terminal.Write("shared.txt", "old\n");
        terminal.Write("flow.yaml", flow);
        terminal.Write("check.sh", check);
        Git(terminal, "init", "-q");
        Git(terminal, "add", "-A");
        Git(terminal, "commit", "-q", "-m", "first");
        return terminal;
    }

    private static string Git(Terminal terminal, params string[] words) => GitIn(terminal.Folder, words);

    private static string GitIn(string folder, params string[] words)
    {
        var start = new ProcessStartInfo("git") { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in (string[])["-c", "user.name=t", "-c", "user.email=t@localhost", .. words]) start.ArgumentList.Add(word);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? text.Trim() : $"failed: {errors.Result}";
    }

    [Fact]
    public void Tasks_work_apart_and_what_they_did_comes_together_on_a_branch_of_the_run()
    {
        using var terminal = Repository(Head + Node("a", "a.txt", "one") + Node("b", "b.txt", "two") + Node("c", "c.txt", "three", more: "depends_on: [a, b], "));
        Assert.True(terminal.Run("run", "flow.yaml", "--run-id", "r") == 0, terminal.Error);
        Assert.Equal(["one", "two", "three"], new[] { "a", "b", "c" }.Select(name => Git(terminal, "show", $"hydra/r/+all:{name}.txt")));
        Assert.False(File.Exists(terminal.PathOf("a.txt")), "the person's own files are not touched");
        Assert.Equal("hydra/r/+all", Git(terminal, "branch", "--list", "hydra/*", "--format=%(refname:short)"));
        Assert.Equal("", Git(terminal, "status", "--porcelain"));
        Assert.Equal(0, terminal.Run("inspect", "r", "--node", "a"));
        Assert.Contains("agent: dev", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_check_finds_goes_back_to_the_agent()
    {
        using var terminal = Repository(Head + Node("a", "a.txt", "one", "{checks: ['sh check.sh']}"), """
            test -f b.txt && exit 0
            echo '@tool write_file {"path": "b.txt", "content": "mended"}'
            exit 1
            """);
        Assert.Equal(2, terminal.Run("run", "flow.yaml"));
        Assert.Contains("--sandbox", terminal.Error, StringComparison.Ordinal);
        Assert.True(terminal.Run("run", "flow.yaml", "--run-id", "r", "--sandbox", "inprocess") == 0, terminal.Error);
        Assert.Equal("mended", Git(terminal, "show", "hydra/r/+all:b.txt"));
    }

    [Fact]
    public void A_check_runs_inside_the_sandbox_and_may_write_into_its_worktree_alone()
    {
        using var terminal = Repository(Head + Node("a", "a.txt", "one", "{checks: ['touch built && { touch ../outside || true; } && ! touch /usr/outside && test -n \"$HYDRA_IDEMPOTENCY_KEY\"'], max_repairs: 0}"));
        Assert.True(terminal.Run("run", "flow.yaml", "--run-id", "r", "--sandbox", "bubblewrap") == 0, terminal.Error);
        Assert.Equal("", Git(terminal, "show", "hydra/r/+all:built"));
        Assert.False(File.Exists(terminal.PathOf(".hydra/worktrees/r/outside")));
    }

    /// <summary>In Docker's place: runs what it is asked to in the folder that is mounted, and writes down how it was called.</summary>
    private const string FakeDocker = """
        #!/bin/sh
        case $1 in version|rm) exit 0;; esac
        echo "$@" >> "$(dirname "$0")/log"
        shift
        while [ $# -gt 0 ]; do
          case $1 in
            --rm|--interactive|--read-only) shift;;
            --mount) case $2 in *,target=/folder|*,target=/folder,*) folder=${2#*source=}; folder=${folder%%,*};; esac; shift 2;;
            --*) shift 2;;
            *) break;;
          esac
        done
        shift
        cd "$folder" && exec "$@"
        """;

    [Fact]
    public async Task A_check_in_a_container_writes_into_its_worktree_as_whoever_runs_Hydra()
    {
        using var terminal = Repository(Head + Node("a", "a.txt", "one", "{checks: ['touch built && id -u > ../../../../owner'], max_repairs: 0}"));
        using var tools = new Terminal();
        tools.Write("docker", FakeDocker);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(tools.PathOf("docker"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var path = new Dictionary<string, string> { ["PATH"] = $"{tools.Folder}:{Environment.GetEnvironmentVariable("PATH")}" };
        using var run = HydraProcess.Start(terminal.Folder, path, "run", "flow.yaml", "--run-id", "r", "--sandbox", "docker");
        var (code, _, error) = await run.EndAsync();
        Assert.True(code == 0, error);
        Assert.Equal("", Git(terminal, "show", "hydra/r/+all:built"));
        var called = File.ReadAllText(tools.PathOf("log"));
        Assert.Contains($"--user {File.ReadAllText(terminal.PathOf("owner")).Trim()}:", called, StringComparison.Ordinal);
        Assert.Contains($"source={terminal.PathOf(".hydra/worktrees/r/a")},target=/folder --workdir /folder", called, StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_is_a_command_under_the_policy()
    {
        using var terminal = Repository("policy: {rules: [{name: no_shell, tool: bash, decision: deny}]}\n" + Head + Node("a", "a.txt", "one", "{checks: ['touch ../ran']}", "retry: {max_attempts: 1}, "));
        Assert.Equal(1, terminal.Run("run", "flow.yaml", "--run-id", "r", "--sandbox", "inprocess"));
        Assert.Contains("policy_denied: the check `touch ../ran` may not run: the policy denies 'bash' (no_shell)", terminal.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(terminal.PathOf(".hydra/worktrees/r/ran")));
    }

    [Fact]
    public void A_check_that_people_are_to_allow_waits_for_them()
    {
        using var terminal = Repository("policy: {rules: [{name: ask_first, tool: bash, decision: ask}]}\n" + Head + Node("a", "a.txt", "one", "{checks: ['true']}"));
        Assert.True(terminal.Run("run", "flow.yaml", "--run-id", "r", "--sandbox", "inprocess") == 3, terminal.Error);
        Assert.True(terminal.Run("approve", "r", "a", "--approver", "anna") == 0, terminal.Error);
        Assert.True(terminal.Run("resume", "r", "--sandbox", "inprocess") == 0, terminal.Error);
        Assert.Equal("one", Git(terminal, "show", "hydra/r/+all:a.txt"));
    }

    [Fact]
    public void A_task_that_fails_its_checks_leaves_nothing_behind()
    {
        using var terminal = Repository(Head + Node("a", "a.txt", "one", "{checks: ['false'], max_repairs: 1}", "retry: {max_attempts: 1}, "));
        Assert.Equal(1, terminal.Run("run", "flow.yaml", "--run-id", "r", "--sandbox", "inprocess"));
        Assert.Contains("The check `false` does not pass", terminal.Error, StringComparison.Ordinal);
        Assert.Equal("check.sh\nflow.yaml\nshared.txt", Git(terminal, "ls-tree", "--name-only", "hydra/r/+all"));
        Assert.Equal("hydra/r/+all", Git(terminal, "branch", "--list", "hydra/*", "--format=%(refname:short)"));
        Assert.False(Directory.Exists(terminal.PathOf(".hydra/worktrees/r/a")));
    }

    [Fact]
    public void A_conflict_waits_for_a_person_and_goes_on_with_what_they_resolved()
    {
        // a ends when b has begun, b when a is merged: so b conflicts.
        using var terminal = Repository(Head + Node("a", "shared.txt", "a", "{checks: ['until [ -d ../b ]; do :; done']}")
            + Node("b", "shared.txt", "b", """{checks: ["until git -C ../+all log --oneline | grep -q 'Merge a'; do :; done"]}"""));
        Assert.True(terminal.Run("run", "flow.yaml", "--run-id", "r", "--sandbox", "inprocess") == 3, terminal.Error);
        Assert.Contains("conflicts with what is merged, in shared.txt", terminal.Error, StringComparison.Ordinal);
        Assert.Equal("a", Git(terminal, "show", "hydra/r/+all:shared.txt"));

        var tree = terminal.PathOf(".hydra/worktrees/r/b");
        GitIn(tree, "merge", "hydra/r/+all");
        File.WriteAllText(Path.Combine(tree, "shared.txt"), "both");
        GitIn(tree, "commit", "-qam", "resolved");
        Assert.True(terminal.Run("approve", "r", "b", "--approver", "anna") == 0, terminal.Error);
        Assert.True(terminal.Run("resume", "r", "--sandbox", "inprocess") == 0, terminal.Error);
        Assert.Equal("both", Git(terminal, "show", "hydra/r/+all:shared.txt"));
        Assert.False(Directory.Exists(tree));
    }

    [Fact]
    public void A_dirty_tree_is_named_and_nothing_is_begun()
    {
        using var terminal = Repository(Head + Node("a", "a.txt", "one"));
        terminal.Write("shared.txt", "changed\n");
        Assert.Equal(1, terminal.Run("run", "flow.yaml", "--run-id", "r"));
        Assert.Contains("1 change(s) that are not committed, and tasks would not see them: shared.txt. Commit or stash them.", terminal.Error, StringComparison.Ordinal);
        Assert.Equal("", Git(terminal, "branch", "--list", "hydra/*"));
    }

    [Fact]
    public void A_folder_without_a_repository_is_said_to_have_none()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Head + Node("a", "a.txt", "one"));
        Assert.Equal(1, terminal.Run("run", "flow.yaml"));
        Assert.Contains("is in no git repository, and `worktree` needs one", terminal.Error, StringComparison.Ordinal);
    }
}
