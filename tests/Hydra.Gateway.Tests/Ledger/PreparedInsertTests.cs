using Hydra.Gateway.Ledger;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Tests.Ledger;

public sealed class PreparedInsertTests : IDisposable
{
    private readonly SqliteConnection _connection = new("Data Source=:memory:");

    public PreparedInsertTests()
    {
        _connection.Open();
        Run("CREATE TABLE kept(a, b, c, d, e CHECK(e <> 'refused'))");
    }

    public void Dispose() => _connection.Dispose();

    [Fact]
    public void Each_place_holds_what_was_added_for_it()
    {
        using (var insert = Insert()) insert.Add(long.MinValue).Add(0.1).Add("Blüte 🌼").AddNull().Add("").Run();
        Assert.Equal("-9223372036854775808|integer|0.1|real|Blüte 🌼|text||null||text", Row());
    }

    [Fact]
    public void A_text_longer_than_the_buffer_is_written_whole()
    {
        var text = new string('ä', 5_000);
        using (var insert = Insert()) insert.Add(1).Add(0.0).Add(text).AddNull().Add("x").Run();
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT c FROM kept";
        Assert.Equal(text, command.ExecuteScalar());
    }

    [Fact]
    public void A_further_row_begins_at_the_first_place()
    {
        using (var insert = Insert())
        {
            insert.Add(1).Add(0.5).Add("first").AddNull().Add("x").Run();
            insert.Add(2).AddNull().Add("second").Add(7).Add("y").Run();
        }
        Assert.Equal("1|integer|0.5|real|first|text||null|x|text;2|integer||null|second|text|7|integer|y|text", Row());
    }

    [Fact]
    public void A_text_stands_where_it_stood_before_and_nowhere_else()
    {
        using (var insert = Insert())
        {
            insert.Add(1).Add("same").Add("same").AddNull().Add("x").Run();
            insert.Add(2).Add("same").AddNull().Add("same").Add("x").Run();
            insert.Add(3).Add(4).Add("same").Add("other").Add("x").Run();
            insert.Add(4).Add("same").Add("same").Add("same").Add("y").Run();
        }
        Assert.Equal("1|integer|same|text|same|text||null|x|text;2|integer|same|text||null|same|text|x|text;"
            + "3|integer|4|integer|same|text|other|text|x|text;4|integer|same|text|same|text|same|text|y|text", Row());
    }

    [Fact]
    public void After_a_row_that_the_store_refuses_the_next_is_written()
    {
        using var insert = Insert();
        Assert.Throws<SqliteException>(() => insert.Add(1).Add(0.5).Add("a").AddNull().Add("refused").Run());
        insert.Add(2).Add(0.5).Add("b").AddNull().Add("taken").Run();
        Assert.Equal("2|integer|0.5|real|b|text||null|taken|text", Row());
    }

    [Fact]
    public void A_place_too_many_is_refused_and_forgotten()
    {
        using var insert = new PreparedInsert(_connection, "INSERT INTO kept(a) VALUES($1)");
        Assert.Throws<SqliteException>(() => insert.Add(1).Add(2));
        insert.Add(3).Run();
        Assert.Equal("3|integer||null||null||null||null", Row());
    }

    private PreparedInsert Insert() => new(_connection, "INSERT INTO kept(a, b, c, d, e) VALUES($1, $2, $3, $4, $5)");

    private string Row()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = $"SELECT group_concat({string.Join("||'|'||", "abcde".Select(column => $"coalesce({column}, '')||'|'||typeof({column})"))}, ';') FROM (SELECT * FROM kept ORDER BY a)";
        return (string)command.ExecuteScalar()!;
    }

    private void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
