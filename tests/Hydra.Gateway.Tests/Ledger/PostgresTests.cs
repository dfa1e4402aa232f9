using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Hydra.Model;
using Hydra.Tests.Shared;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>What holds for the ledger in SQLite holds for the one in PostgreSQL: the same tests, inherited rather than copied.</summary>
public sealed class PostgresLedgerTests(PostgresServer server) : LedgerTests(Folders.Of(server));

public sealed class PostgresReportTests(PostgresServer server) : LedgerReportTests(Folders.Of(server));

public sealed class PostgresModelTests(PostgresServer server) : LedgerModelTests(Folders.Of(server));

public sealed class PostgresKeyTests(PostgresServer server) : KeyRingTests(Folders.Of(server));

public sealed class PostgresProcessTests(PostgresServer server) : LedgerProcessTests(Folders.Of(server));

internal static class Folders
{
    public static LedgerFolder Of(PostgresServer server) => new(PostgresAddress.Parse(server.NewDatabase(), "store.postgres"));
}
