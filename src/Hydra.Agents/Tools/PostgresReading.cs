using System.Data;
using Hydra.Model;
using Npgsql;

namespace Hydra.Agents.Tools;

/// <summary>Queries of a PostgreSQL database in a transaction that reads only. The only file that sees its package.</summary>
internal static class PostgresReading
{
    /// <remarks>The query is a cursor's: that takes nothing but SELECT and VALUES, one of them, and gives no more rows than are asked for.</remarks>
    public static async ValueTask<Value> QueryAsync(string connectionString, string query, int rowsMax, int charsMax, TimeSpan timeout, CancellationToken cancellationToken)
    {
        NpgsqlConnectionStringBuilder where;
        try
        {
            where = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = "hydra", PersistSecurityInfo = false };
        }
        catch (ArgumentException bad)
        {
            throw new CallFailedException(ErrorCode.BadRequest, "`connection` is no connection string of PostgreSQL, such as Host=db;Database=shop;Username=reader", bad);
        }
        try
        {
            await using var connection = new NpgsqlConnection(where.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            await ExecuteAsync(connection, "BEGIN TRANSACTION READ ONLY", cancellationToken);
            await ExecuteAsync(connection, $"SET LOCAL statement_timeout = {(long)timeout.TotalMilliseconds}", cancellationToken);
            await ExecuteAsync(connection, $"DECLARE hydra_rows NO SCROLL CURSOR FOR {query}", cancellationToken);
            await using var fetch = One(connection, $"FETCH {rowsMax + 1} FROM hydra_rows");
            await using var reader = await fetch.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken);
            return await SqlTool.ReadAsync(reader, rowsMax, charsMax, cancellationToken);
        }
        catch (NpgsqlException lost) when (lost is not PostgresException && !cancellationToken.IsCancellationRequested)
        {
            throw new CallFailedException(ErrorCode.Network, $"the database at '{where.Host}' could not be asked: {lost.Message}", lost);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string text, CancellationToken cancellationToken)
    {
        await using var command = One(connection, text);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A batch of one: its text is sent as it is, and the server takes no second statement in it.</summary>
    private static NpgsqlBatch One(NpgsqlConnection connection, string text) => new(connection) { BatchCommands = { new NpgsqlBatchCommand(text) } };
}
