using System.Globalization;
using Hydra.Gateway.Caching;
using Hydra.Model;
using Npgsql;

namespace Hydra.Gateway.Ledger;

/// <summary>The ledger's tables in PostgreSQL: those of <see cref="LedgerSchema"/> in a schema of their own, with their version.</summary>
internal static class PostgresSchema
{
    /// <summary>Of the lock under which tables are made; any number that others do not take.</summary>
    private const long MakingLock = 0x48594452_41475747;
    private const int WaitSecondsMax = 10;

    /// <summary>Waits are bounded, also the server's: for a lock, for a process that stopped in a transaction, for a machine that is gone.</summary>
    private static readonly string Session = $"SET lock_timeout='{WaitSecondsMax}s'; SET idle_in_transaction_session_timeout='{2 * WaitSecondsMax}s'; SET statement_timeout='60s'; SET tcp_keepalives_idle=10; SET tcp_keepalives_interval=5; SET tcp_keepalives_count=3";

    /// <summary>Opens a connection; the one to a new database makes the tables.</summary>
    /// <exception cref="StoreException">The server is away, refuses, or holds the tables of another version.</exception>
    public static NpgsqlConnection Open(PostgresAddress address)
    {
        var connection = new NpgsqlConnection(address.ConnectionString);
        try
        {
            Enter(connection);
            if (VersionOf(connection, address) is not { } found) Make(connection, address);
            else if (found > LedgerSchema.Version) throw new StoreException(StoreFault.Corrupt, $"The ledger in {address}, schema {address.SchemaName}, was written by a newer Hydra (format {found}, this one knows {LedgerSchema.Version}). Use that version, or another database or schema.");
            else if (found < LedgerSchema.Version) throw new StoreException(StoreFault.Corrupt, $"The ledger in {address}, schema {address.SchemaName}, has the format {found}, which no released Hydra wrote (this one knows {LedgerSchema.Version}). Use another database or schema.");
            return connection;
        }
        catch (Exception failed) when (IsOfStore(failed))
        {
            connection.Dispose();
            throw Explain(failed, address);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens a connection that is closed or was lost.</summary>
    public static void Enter(NpgsqlConnection connection)
    {
        connection.Close();
        connection.Open();
        try
        {
            connection.Run(Session);
        }
        catch
        {
            connection.Close();   // never taken for one that is set up
            throw;
        }
    }

    /// <summary>Whether it comes from the server or the way to it. Npgsql throws the last two where a connection is lost in the middle of an answer.</summary>
    public static bool IsOfStore(Exception failed) =>
        failed is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException or IOException or InvalidOperationException or NullReferenceException;

    /// <summary>What the server says, in words an operator can act on. Never repeats the address's secret.</summary>
    public static StoreException Explain(Exception failed, PostgresAddress address) => failed is not PostgresException { } said
        ? new(StoreFault.Other, $"{address} cannot be reached: {failed.Message} Is the server running, and is the address behind store.postgres right? Nothing acknowledged is lost; calls go on when it answers.", failed)
        : said.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                new(StoreFault.Other, $"{address} refuses the user '{address.User}': {said.MessageText}. Check user and password behind store.postgres, and the server's pg_hba.conf.", failed),
            PostgresErrorCodes.InvalidCatalogName => new(StoreFault.Missing, $"{address} has no database '{address.Database}'. Create it (createdb {address.Database}), or name another one behind store.postgres.", failed),
            PostgresErrorCodes.InsufficientPrivilege => new(StoreFault.ReadOnly, $"{address}: the user '{address.User}' may not do that: {said.MessageText}. Grant it CREATE on the database '{address.Database}', or make the schema {address.SchemaName} its own.", failed),
            PostgresErrorCodes.ReadOnlySqlTransaction => new(StoreFault.ReadOnly, $"{address} takes no writes: it is a replica or in recovery. Name the primary behind store.postgres.", failed),
            PostgresErrorCodes.DiskFull => new(StoreFault.Full, $"The disk of {address} is full. Free some space; nothing acknowledged is lost.", failed),
            PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled => new(StoreFault.Locked, $"{address}: another gateway has held the ledger for more than {WaitSecondsMax} s. Look for it in pg_stat_activity; nothing acknowledged is lost.", failed),
            _ => new(StoreFault.Other, $"{address}: {said.MessageText} (SQLSTATE {said.SqlState}). Nothing acknowledged is lost.", failed),
        };

    private static int? VersionOf(NpgsqlConnection connection, PostgresAddress address)
    {
        if (connection.Ask("SELECT 1 FROM pg_tables WHERE schemaname=@schema AND tablename='changes'", ("schema", address.SchemaName)) is null) return null;
        return connection.Ask("SELECT value FROM changes WHERE name='format'") is { } found ? Convert.ToInt32(found, CultureInfo.InvariantCulture)
            : throw new StoreException(StoreFault.Corrupt, $"The schema {address.SchemaName} in {address} holds a table 'changes' that is not the ledger's. Name another schema (Search Path=NAME), or another database.");
    }

    private static void Make(NpgsqlConnection connection, PostgresAddress address)
    {
        using var making = connection.BeginTransaction();
        connection.Run("SELECT pg_advisory_xact_lock(@lock)", ("lock", MakingLock));
        if (VersionOf(connection, address) is null)
        {
            var tables = LedgerDialect.Of(connection).ToTables(LedgerSchema.Tables + CacheHits.Table);
            connection.Run($"""
                CREATE SCHEMA IF NOT EXISTS "{address.SchemaName.Replace("\"", "\"\"")}";
                {tables};
                CREATE TABLE IF NOT EXISTS secrets(name TEXT PRIMARY KEY, value BYTEA NOT NULL);
                CREATE FUNCTION charges_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a charge never changes; add a correcting one'; END $$;
                CREATE TRIGGER charges_stay BEFORE UPDATE ON charges FOR EACH ROW EXECUTE FUNCTION charges_stay();
                INSERT INTO changes VALUES('rows', 0), ('format', {LedgerSchema.Version});
                """);
        }
        making.Commit();
    }
}
