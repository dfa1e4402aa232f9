using Hydra.Tests.Shared;
using Microsoft.Data.Sqlite;

namespace Hydra.Agents.Tests;

/// <summary>Queries that read, and the many that would write.</summary>
public sealed class SqlToolTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-sql-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<RunReport> AskAsync(string query, string tool) =>
        await ToolRun.Async($"name: test\ntools: {{t: {{type: sql, {tool}}}}}\nnodes:\n  - {{id: a, type: tool, tool: t, arguments: {{query: {Value.Of(query).ToJson()}}}}}\n", ToolModels.Turns(), folder: _folder);

    private async Task<string> RowsAsync(string query, string tool)
    {
        var report = await AskAsync(query, tool);
        Assert.True(report.Status == RunStatus.Completed, report.Reason);
        return report.Outputs["a"].ToJson();
    }

    private void MakeSqlite()
    {
        SQLitePCL.Batteries_V2.Init();
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "a.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE owls (name TEXT, age INTEGER); INSERT INTO owls VALUES ('Ada', 3), ('Bo', NULL), ('Cy', 5)";
        command.ExecuteNonQuery();
    }

    [Fact]
    public async Task A_SQLite_file_is_read()
    {
        MakeSqlite();
        Assert.Equal("""{"columns":["name","age"],"rows":[["Ada",3],["Bo",null],["Cy",5]],"more":false}""", await RowsAsync("SELECT * FROM owls ORDER BY name;", "source: a.db"));
        Assert.Equal("""{"columns":["name"],"rows":[["Ada"],["Bo"]],"more":true}""", await RowsAsync("SELECT name FROM owls ORDER BY name", "source: a.db, max_rows: 2"));
    }

    [Theory]
    [InlineData("DELETE FROM owls")]
    [InlineData("UPDATE owls SET age = 1")]
    [InlineData("INSERT INTO owls VALUES ('x', 1) RETURNING name")]
    [InlineData("CREATE TABLE x (a)")]
    [InlineData("ATTACH DATABASE 'b.db' AS b")]
    [InlineData("PRAGMA writable_schema = 1")]
    [InlineData("VACUUM INTO 'copy.db'")]
    [InlineData("SELECT load_extension('x')")]
    [InlineData("BEGIN")]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("SELECT 1; DELETE FROM owls")]
    public async Task Whatever_is_no_single_query_is_refused(string query)
    {
        MakeSqlite();
        var before = File.ReadAllBytes(Path.Combine(_folder, "a.db"));
        Assert.Equal(RunStatus.Failed, (await AskAsync(query, "source: a.db")).Status);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(_folder, "a.db")));
        Assert.Equal(["a.db"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("SELECT zeroblob(500000000)")]
    [InlineData("SELECT hex(zeroblob(15000000))")]
    [InlineData("SELECT group_concat(printf('%.*c', 1000000, 'x')) FROM owls a, owls b, owls c")]
    public async Task A_value_beyond_all_use_is_never_made(string query)
    {
        MakeSqlite();
        Assert.Contains("too big", (await AskAsync(query, "source: a.db")).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Large_values_are_cut_and_rows_end_where_they_hold_enough()
    {
        MakeSqlite();
        var long_ = Value.ParseJson(await RowsAsync("SELECT printf('%.*c', 100000, 'x') AS x", "source: a.db")).AsObject["rows"].Items[0].Items[0].AsText;
        Assert.Equal(new string('x', 25_000) + "[cut here: the value has more than 25000 characters]", long_);
        var letters = Value.ParseJson(await RowsAsync("SELECT printf('%.*c', 24999, 'x') || '\U0001F989 and more' AS x", "source: a.db")).AsObject["rows"].Items[0].Items[0].AsText;
        Assert.Equal(new string('x', 24_999) + "[cut here: the value has more than 25000 characters]", letters);
        var many = Value.ParseJson(await RowsAsync("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT printf('%.*c', 10000, 'x') FROM n LIMIT 100", "source: a.db")).AsObject;
        Assert.Equal((3, true), (many["rows"].Items.Count, many["more"].AsBoolean));
        File.WriteAllText(Path.Combine(_folder, "big.csv"), $"a,b\n{new string('y', 100_000)},1\n");
        Assert.Contains("more than 25000 characters", await RowsAsync("SELECT * FROM big", "source: big.csv"), StringComparison.Ordinal);
        Assert.Equal("""{"columns":["a","b","c"],"rows":[["",null,"[3 bytes]"]],"more":false}""", await RowsAsync("SELECT '' AS a, NULL AS b, x'010203' AS c", "source: a.db"));
    }

    [Fact]
    public async Task A_query_without_end_is_cut_after_its_time()
    {
        MakeSqlite();
        var report = await AskAsync("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n", "source: a.db, timeout_seconds: 0.3");
        Assert.Contains("'t' gave nothing within 0.3 s", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CSV_files_are_tables_of_their_names()
    {
        File.WriteAllText(Path.Combine(_folder, "owls.csv"), "name,age,note\nAda,3,\"said \"\"hoo\"\",\ntwice\"\nBo,,x\n");
        File.WriteAllText(Path.Combine(_folder, "mice.csv"), "owl,count\r\nAda,7\r\n");
        Assert.Equal("""{"columns":["name","count","note"],"rows":[["Ada",7,"said \"hoo\",\ntwice"]],"more":false}""", await RowsAsync("SELECT name, count, note FROM owls JOIN mice ON owl = name", "source: ."));
        Assert.Equal("""{"columns":["n"],"rows":[[3]],"more":false}""", await RowsAsync("SELECT sum(age) AS n FROM owls", "source: owls.csv"));
        File.WriteAllText(Path.Combine(_folder, "bad.csv"), "a,b\n1\n");
        Assert.Contains("row 2 of 'bad.csv' has 1 fields, and there are 2 columns", (await AskAsync("SELECT 1", "source: bad.csv")).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostgreSQL_is_read_in_a_transaction_that_cannot_write()
    {
        using var server = new PostgresServer();
        var connection = server.NewDatabase();
        server.Sql("d1", "CREATE TABLE owls (name text, age int); INSERT INTO owls VALUES ('Ada', 3), ('Bo', NULL)");
        var tool = $"connection: '{connection}', timeout_seconds: 20";
        Assert.Equal("""{"columns":["name","age"],"rows":[["Ada",3],["Bo",null]],"more":false}""", await RowsAsync("SELECT name, age FROM owls ORDER BY name", tool));
        Assert.Contains("[cut here: the value has more than 25000 characters]\",\"[3 bytes]\"", await RowsAsync("SELECT repeat('x', 1000000), '\\x010203'::bytea", tool), StringComparison.Ordinal);
        Assert.Equal("""{"columns":["g"],"rows":[[1],[2]],"more":true}""", await RowsAsync("SELECT g FROM generate_series(1, 1000000) g", tool + ", max_rows: 2"));
        foreach (var query in new[]
        {
            "DELETE FROM owls", "SELECT 1; DELETE FROM owls", "SELECT 1; COMMIT; DELETE FROM owls", "WITH gone AS (DELETE FROM owls RETURNING name) SELECT * FROM gone",
            "SELECT name FROM owls FOR UPDATE", "COPY owls TO PROGRAM 'cat'", "SELECT set_config('transaction_read_only', 'off', true)", "SELECT nextval('none')",
        })
        {
            Assert.True((await AskAsync(query, tool)).Status == RunStatus.Failed, query);
        }
        // What a function does in the transaction goes with it: it is never committed.
        await AskAsync("SELECT lo_create(0)", tool);
        Assert.Equal("""{"columns":["count"],"rows":[[0]],"more":false}""", await RowsAsync("SELECT count(*) FROM pg_largeobject_metadata", tool));
        Assert.Equal("""{"columns":["count"],"rows":[[2]],"more":false}""", await RowsAsync("SELECT count(*) FROM owls", tool));
        Assert.Equal(RunStatus.Failed, (await AskAsync("SELECT pg_sleep(3600)", tool.Replace("20", "0.5", StringComparison.Ordinal))).Status);
        Assert.Contains("could not be asked", (await AskAsync("SELECT 1", "connection: 'Host=/nowhere;Username=x'")).Reason, StringComparison.Ordinal);
    }
}
