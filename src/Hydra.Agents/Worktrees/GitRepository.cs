using System.Text;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Worktrees;

/// <summary>
/// The repository that tasks of a run work on, each in a worktree of its own below <c>.hydra/worktrees/RUN</c>. What they finish is merged
/// into the branch <c>hydra/RUN/+all</c>, one after another; the person's own branch and files are never touched.
/// </summary>
internal sealed class GitRepository
{
    private const int OutputBytesMax = 1_000_000, NamesShown = 5;
    /// <summary>No task has this name: ids hold no '+'.</summary>
    private const string Folder = ".hydra", All = "+all";

    private readonly string _root;
    private readonly string _run;

    private GitRepository(string root, string run) => (_root, _run) = (root, run);

    public string Branch => $"hydra/{_run}/{All}";
    private string Merged => Path.Combine(_root, Folder, "worktrees", _run, All);

    /// <exception cref="CallFailedException">There is no git, no repository, no commit, or the tree has changes that no worktree would see.</exception>
    public static async Task<GitRepository> OpenAsync(string folder, string run, CancellationToken cancellationToken)
    {
        var version = await RunAsync(folder, ["--version"], cancellationToken);
        if (version.ExitCode != 0) throw Refused("git is not installed, and `worktree` needs it. Install git, or take `worktree` off the node.");
        var top = await RunAsync(folder, ["rev-parse", "--show-toplevel"], cancellationToken);
        if (top.ExitCode != 0) throw Refused($"'{Path.GetFullPath(folder)}' is in no git repository, and `worktree` needs one. Run `git init` and commit, or take `worktree` off the node.");
        var repository = new GitRepository(Encoding.UTF8.GetString(top.Output).Trim(), run);
        if (await repository.HasAsync(repository.Branch, cancellationToken)) return repository;
        await repository.BeginAsync(cancellationToken);
        return repository;
    }

    public string PathOf(string task) => Path.Combine(_root, Folder, "worktrees", _run, NameOf(task));
    private string BranchOf(string task) => $"hydra/{_run}/{NameOf(task)}";

    /// <summary>A worktree for a task, at what is merged so far; what an earlier attempt left there is gone.</summary>
    public async Task CreateAsync(string task, CancellationToken cancellationToken)
    {
        await DropAsync(task, cancellationToken);
        await DoAsync(_root, ["worktree", "add", "-q", "-b", BranchOf(task), PathOf(task), Branch], cancellationToken);
    }

    public bool Has(string task) => Directory.Exists(PathOf(task));

    /// <summary>Commits everything in a task's worktree; gives the files changed against what is merged.</summary>
    public async Task<IReadOnlyList<string>> CommitAsync(string task, CancellationToken cancellationToken)
    {
        var tree = PathOf(task);
        await DoAsync(tree, ["add", "-A"], cancellationToken);
        if ((await RunAsync(tree, ["diff", "--cached", "--quiet"], cancellationToken)).ExitCode != 0) await DoAsync(tree, ["commit", "-q", "--no-verify", "-m", $"{task} (run {_run})"], cancellationToken);
        return Lines(await DoAsync(tree, ["diff", "--name-only", $"{Branch}...HEAD"], cancellationToken));
    }

    /// <summary>Merges a task's commits; the files that conflict where it cannot be, and nothing is changed then. Merging twice is merging once.</summary>
    public async Task<IReadOnlyList<string>> MergeAsync(string task, CancellationToken cancellationToken)
    {
        var merging = await RunAsync(Merged, ["merge", "-q", "--no-ff", "--no-verify", "-m", $"Merge {task} (run {_run})", BranchOf(task)], cancellationToken);
        if (merging.ExitCode == 0) return [];
        var conflicts = Lines(await DoAsync(Merged, ["diff", "--name-only", "--diff-filter=U"], cancellationToken));
        await RunAsync(Merged, ["merge", "--abort"], cancellationToken);
        return conflicts.Count > 0 ? conflicts : throw new CallFailedException(ErrorCode.ToolFailed, $"git could not merge the work of '{task}': {merging.ErrorTail.Trim()}");
    }

    /// <summary>Removes a task's worktree and branch, whatever is in them.</summary>
    public async Task DropAsync(string task, CancellationToken cancellationToken)
    {
        if (Has(task)) await RunAsync(_root, ["worktree", "remove", "--force", "--force", PathOf(task)], cancellationToken);
        if (Has(task)) Directory.Delete(PathOf(task), recursive: true);   // no worktree to git any more
        await RunAsync(_root, ["worktree", "prune"], cancellationToken);
        await RunAsync(_root, ["branch", "-q", "-D", BranchOf(task)], cancellationToken);
    }

    /// <summary>Runs one command of the project in a task's worktree, inside a sandbox that lets it write there and nowhere else.</summary>
    public async Task<(bool Passed, string Output)> CheckAsync(string task, string command, ISandbox sandbox, IReadOnlyDictionary<string, string> environment, Action alive, CancellationToken cancellationToken)
    {
        const int TailMax = 4_000;
        var ran = await sandbox.RunAsync(new ProcessRequest("sh", ["-c", command]) { WorkingDirectory = PathOf(task), Writable = ["."], Environment = environment, OutputBytesMax = OutputBytesMax }, alive, cancellationToken);
        var text = $"{Encoding.UTF8.GetString(ran.Output)}\n{ran.ErrorTail}".Trim();
        return (ran.ExitCode == 0, $"exit code {ran.ExitCode}\n{(text.Length > TailMax ? "…" + text[^TailMax..] : text)}");
    }

    /// <summary>The branch of the run, at what the person has checked out, and its worktree.</summary>
    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        if ((await RunAsync(_root, ["rev-parse", "--verify", "-q", "HEAD"], cancellationToken)).ExitCode != 0) throw Refused("the git repository has no commit yet, so there is nothing to work on. Commit first.");
        var excluded = Path.Combine(_root, (await DoAsync(_root, ["rev-parse", "--git-common-dir"], cancellationToken)).Trim(), "info", "exclude");
        Directory.CreateDirectory(Path.GetDirectoryName(excluded)!);
        if (!File.Exists(excluded) || !File.ReadLines(excluded).Contains($"/{Folder}/")) File.AppendAllText(excluded, $"\n/{Folder}/\n");
        var changed = Lines(await DoAsync(_root, ["status", "--porcelain", "--", ".", ":(exclude)epics", $":(exclude){Folder}"], cancellationToken));
        if (changed.Count > 0)
            throw Refused($"the git tree has {changed.Count} change(s) that are not committed, and tasks would not see them: {string.Join(", ", changed.Take(NamesShown).Select(line => line[Math.Min(3, line.Length)..]))}{(changed.Count > NamesShown ? ", …" : "")}. Commit or stash them.");
        await DoAsync(_root, ["worktree", "add", "-q", "-B", Branch, Merged, "HEAD"], cancellationToken);
    }

    private async Task<bool> HasAsync(string branch, CancellationToken cancellationToken) =>
        Directory.Exists(Merged) && (await RunAsync(_root, ["rev-parse", "--verify", "-q", $"refs/heads/{branch}"], cancellationToken)).ExitCode == 0;

    private static async Task<string> DoAsync(string folder, string[] words, CancellationToken cancellationToken)
    {
        var ran = await RunAsync(folder, words, cancellationToken);
        return ran.ExitCode == 0 ? Encoding.UTF8.GetString(ran.Output) : throw new CallFailedException(ErrorCode.ToolFailed, $"`git {string.Join(' ', words.Take(3))}` failed: {ran.ErrorTail.Trim()}");
    }

    private static Task<ProcessResult> RunAsync(string folder, string[] words, CancellationToken cancellationToken) =>
        ProcessRunner.RunAsync(new ProcessRequest("git", ["-c", "user.name=Hydra", "-c", "user.email=hydra@localhost", "-c", "commit.gpgsign=false", .. words]) { WorkingDirectory = folder, OutputBytesMax = OutputBytesMax }, () => { }, cancellationToken);

    private static IReadOnlyList<string> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A path such as <c>m[3]/a</c> as a name that files and branches may have.</summary>
    private static string NameOf(string task) => string.Concat(task.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '.')).Trim('.').Replace("..", ".", StringComparison.Ordinal);

    /// <summary>A person has to act first: trying again is no use.</summary>
    private static CallFailedException Refused(string message) => new(ErrorCode.BadRequest, message);
}
