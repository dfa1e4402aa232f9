using Microsoft.Data.Sqlite;

namespace Hydra.Cli.Tests;

/// <summary>What was done and decided, and whether anybody has changed what is written of it.</summary>
public sealed class AuditTests : IDisposable
{
    private readonly Terminal _terminal = new();
    private readonly string _head = Path.Combine(Directory.CreateTempSubdirectory("head").FullName, "head.jsonl");

    public AuditTests()
    {
        _terminal.Set("HYDRA_AUDIT_HEAD", _head);
        _terminal.Write("flow.yaml", "name: flow\npolicy: {rules: [{name: look_first, tool: bash, decision: ask}]}\nnodes:\n  - {id: sh, type: bash, command: \"echo hi\"}\n");
        Assert.Equal(3, _terminal.Run("run", "flow.yaml", "--run-id", "one", "--sandbox", "inprocess"));
        Assert.Equal(0, _terminal.Run("approve", "one", "sh", "--approver", "ann", "--comment", "fine"));
        Assert.Equal(0, _terminal.Run("resume", "one", "--sandbox", "inprocess"));
    }

    public void Dispose()
    {
        Directory.Delete(Path.GetDirectoryName(_head)!, recursive: true);
        _terminal.Dispose();
    }

    [Fact]
    public void Calls_decisions_and_approvals_of_every_run_are_listed()
    {
        Assert.Equal(0, _terminal.Run("kill-switch", "on", "--reason", "drill"));
        Assert.Equal(0, _terminal.Run("audit"));
        Assert.Contains("asked: May node 'sh' call 'bash'?", _terminal.Out);
        Assert.Contains("answered: true by ann (a claim): fine", _terminal.Out);
        Assert.Contains("call: bash (irreversible): allow by look_first, ann said so in one:sh:1", _terminal.Out);
        Assert.Contains("kill switch on (tools) by", _terminal.Out);
        Assert.Equal(0, _terminal.Run("verify"));
    }

    [Theory]
    [InlineData("DELETE FROM frames WHERE seq=(SELECT max(seq) FROM frames)", "it was cut off or removed")]
    [InlineData("DELETE FROM frames; DELETE FROM runs", "it was cut off or removed")]
    [InlineData("UPDATE frames SET body=replace(body, 'fine', 'best') WHERE body LIKE '%fine%'", "one")]
    [InlineData("DELETE FROM kill_switch_uses", "use 1 of the kill switch")]
    [InlineData("UPDATE kill_switch_uses SET by='bo'", "was rebuilt")]
    [InlineData("DELETE FROM policy_changes", "knows change 1 of the policy")]
    [InlineData("UPDATE policy_changes SET body=replace(body, 'enough', 'never')", "Change 1 of the policy is not the one that was written")]
    public void What_was_changed_or_cut_off_is_found(string harm, string said)
    {
        _terminal.Run("kill-switch", "on", "--reason", "drill");
        _terminal.Write("hydra.yaml", "policy:\n  rules:\n    - {name: r, tool: fetch, decision: allow}\n");
        Assert.Equal(0, _terminal.Run("policy", "revoke", "r", "--reason", "enough"));
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(_terminal.Folder, ".hydra", "hydra.db")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = harm;
            command.ExecuteNonQuery();
        }
        Assert.Equal(1, _terminal.Run("verify"));
        Assert.Contains(said, _terminal.Out);
    }

    [Fact]
    public void A_changed_line_of_the_head_itself_is_found()
    {
        var lines = File.ReadAllLines(_head);
        Assert.True(lines.Length >= 2);
        File.WriteAllLines(_head, [lines[0].Replace("\"count\":", "\"count\":1", StringComparison.Ordinal), .. lines[1..]]);
        Assert.Equal(1, _terminal.Run("verify"));
        Assert.Contains("does not follow the line before it", _terminal.Out);
    }

    [Fact]
    public void A_denied_call_of_the_project_s_policy_ends_the_run_with_exit_code_5()
    {
        _terminal.Write("hydra.yaml", "policy: {rules: [{name: never, tool: bash, decision: deny}]}\n");
        Assert.Equal(5, _terminal.Run("run", "flow.yaml", "--run-id", "two", "--sandbox", "inprocess"));
        Assert.Contains("the policy denies 'bash' (never)", _terminal.Error);
        _terminal.Write("hydra.yaml", "policy: {rules: [{tool: bash}]}\n");
        Assert.Equal(2, _terminal.Run("run", "flow.yaml", "--sandbox", "inprocess"));
        Assert.Contains("hydra.yaml:1", _terminal.Error);
    }
}
