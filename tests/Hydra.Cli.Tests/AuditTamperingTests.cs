using Microsoft.Data.Sqlite;

namespace Hydra.Cli.Tests;

/// <summary>Whatever somebody does to a store who may write all of it but not the head outside: <c>hydra verify</c> says so.</summary>
public sealed class AuditTamperingTests : IDisposable
{
    private static readonly int Tamperings = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1" ? 1_000 : 100;
    private readonly Terminal _terminal = new();
    private readonly List<string> _olderCopies = [];

    public void Dispose() => _terminal.Dispose();

    [Fact]
    public void Every_tampering_is_found()
    {
        MakeStore();
        var missed = new List<string>();
        var found = new SortedDictionary<string, int>(StringComparer.Ordinal);
        Assert.Equal((0, 0), (VerifyCopy(null, "0", out _), VerifyCopy(null, "head", out _, withHead: true)));
        for (var seed = 1; seed <= Tamperings; seed++)
        {
            var (name, needsHead, _) = AuditTampering.Ways[seed % AuditTampering.Ways.Count];
            var code = VerifyCopy(seed, $"{seed}", out var said, needsHead);
            if (code == 1 && said.Contains("problem", StringComparison.Ordinal)) found[name] = found.GetValueOrDefault(name) + 1;
            else missed.Add($"seed {seed}, {name}: exit code {code}, {said}");
        }
        var byHead = AuditTampering.Ways.Where(way => way.NeedsHead).Sum(way => found.GetValueOrDefault(way.Name));
        Console.WriteLine($"TOTAL audit tampering: {Tamperings} tamperings in {AuditTampering.Ways.Count} ways, {found.Values.Sum()} found ({found.Values.Sum() - byHead} by the store alone, {byHead} with the head outside), {missed.Count} missed");
        Assert.True(missed.Count == 0, string.Join('\n', missed));
        Assert.Equal(AuditTampering.Ways.Count, found.Count);
    }

    [Fact]
    public void What_only_a_head_outside_can_tell_is_not_found_without_one()
    {
        MakeStore();
        var cutting = AuditTampering.Ways.TakeWhile(way => way.Name != "the end cut off").Count();
        var seeds = Enumerable.Range(0, 10).Select(i => cutting + (i * AuditTampering.Ways.Count));
        Assert.Contains(seeds, seed => VerifyCopy(seed, $"{seed}", out _) == 0);
    }

    [Theory]
    [InlineData("parent")]
    [InlineData("up_to")]
    public void A_fork_that_no_longer_says_what_it_goes_on_from_is_named(string field)
    {
        MakeStore();
        using (var connection = new SqliteConnection($"Data Source={_terminal.PathOf(".hydra/hydra.db")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"UPDATE frames SET body=CAST(replace(CAST(body AS TEXT), '\"{field}\"', '\"other\"') AS BLOB) WHERE body LIKE '%\"{field}\"%'";
            Assert.Equal(1, command.ExecuteNonQuery());
        }
        Assert.Equal(1, _terminal.Run("verify"));
        Assert.Contains("fork: ", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("its journal is damaged", _terminal.Out, StringComparison.Ordinal);
    }

    /// <summary>Three runs, one of them a fork, with approvals, artifacts and four uses of the kill switch, all of it noted outside.</summary>
    private void MakeStore()
    {
        _terminal.Set("HYDRA_AUDIT_HEAD", _terminal.PathOf("head.jsonl"));
        _terminal.Write("asks.yaml", "name: asks\npolicy: {rules: [{name: look_first, tool: bash, decision: ask}]}\nnodes:\n  - {id: sh, type: bash, command: \"echo hi\"}\n");
        _terminal.Write("large.yaml", "name: large\nnodes:\n  - {id: a, type: bash, command: \"seq 1 5000\"}\n  - {id: b, type: bash, command: \"seq 2 5000\", depends_on: [a]}\n  - {id: c, type: bash, command: \"echo c\", depends_on: [b]}\n");
        Do(3, "run", "asks.yaml", "--run-id", "asks", "--sandbox", "inprocess");
        Do(0, "kill-switch", "on", "--reason", "drill");
        Do(0, "kill-switch", "off", "--reason", "over");
        Do(0, "approve", "asks", "sh", "--approver", "ann");
        Do(0, "resume", "asks", "--sandbox", "inprocess");
        Do(0, "run", "large.yaml", "--run-id", "large", "--sandbox", "inprocess");
        Do(0, "kill-switch", "on", "--reason", "again");
        Do(0, "kill-switch", "off", "--reason", "over again");
        Do(0, "rerun", "large", "--from", "c", "--run-id", "fork", "--sandbox", "inprocess");
        File.Move(_olderCopies[^1], _terminal.PathOf("now.db"));
        _olderCopies.RemoveAt(_olderCopies.Count - 1);
    }

    private void Do(int code, params string[] words)
    {
        Assert.True(_terminal.Run(words) == code, _terminal.Out + _terminal.Error);
        _olderCopies.Add(_terminal.PathOf($"{_olderCopies.Count}.db"));
        using var connection = new SqliteConnection($"Data Source={_terminal.PathOf(".hydra/hydra.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"VACUUM INTO '{_olderCopies[^1]}'; ATTACH '{_olderCopies[^1]}' AS kept; PRAGMA kept.journal_mode=WAL";
        command.ExecuteNonQuery();
    }

    /// <summary>The exit code of <c>verify</c> over a copy of the store, tampered with by a seed; null: as it is.</summary>
    private int VerifyCopy(int? seed, string name, out string said, bool withHead = false)
    {
        var folder = _terminal.PathOf($"copy-{name}");
        Directory.CreateDirectory(folder);
        File.Copy(_terminal.PathOf("now.db"), Path.Combine(folder, "hydra.db"));
        var artifacts = _terminal.PathOf(".hydra/artifacts");
        foreach (var file in Directory.EnumerateFiles(artifacts, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(folder, "artifacts", Path.GetRelativePath(artifacts, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        if (seed is { } chosen)
        {
            using var tampering = new AuditTampering(folder, _olderCopies, new Random(chosen));
            AuditTampering.Ways[chosen % AuditTampering.Ways.Count].Do(tampering);
        }
        _terminal.Set("HYDRA_AUDIT_HEAD", withHead ? _terminal.PathOf("head.jsonl") : "");
        var code = _terminal.Run("verify", "--runs-dir", folder);
        said = _terminal.Out + _terminal.Error;
        Directory.Delete(folder, recursive: true);
        return code;
    }
}
