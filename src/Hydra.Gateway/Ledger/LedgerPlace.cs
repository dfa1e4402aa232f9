using Hydra.Gateway.Config;
using Hydra.Gateway.Pipeline;
using Hydra.Model;

namespace Hydra.Gateway.Ledger;

/// <summary>Where a ledger is kept: a SQLite file, a PostgreSQL database, or a file of its own that ends with the process.</summary>
public sealed class LedgerPlace
{
    private readonly PostgresAddress? _address;

    private LedgerPlace(string? file, PostgresAddress? address) => (File, _address) = (file, address);

    /// <summary>Null: it is no file that stays.</summary>
    public string? File { get; }

    public static LedgerPlace OfFile(string file) => new(Path.GetFullPath(file), null);

    /// <summary>As a configuration says.</summary>
    /// <exception cref="GatewayConfigException">The address cannot be read where it lies, or is none.</exception>
    public static LedgerPlace Of(StoreConfig store, GatewayServiceOptions options) => store.Postgres is { } reference
        ? new LedgerPlace(null, PostgresAddress.Parse(SecretReference.Read(reference, "store.postgres", options), "store.postgres"))
        : new LedgerPlace(store.Sqlite is { } path ? Path.GetFullPath(path, options.Folder) : null, null);

    /// <summary>Opens the ledger and charges what dead processes left open at its bound.</summary>
    /// <exception cref="StoreException">It cannot be opened, made or written.</exception>
    public async Task<StoredLedger> OpenAsync(TimeProvider clock) => _address is { } address ? await PostgresLedger.OpenAsync(address, clock) : await SqliteLedger.OpenAsync(File, clock);

    /// <exception cref="StoreException">It cannot be opened.</exception>
    public LedgerReport OpenReport() => _address is { } address ? new LedgerReport(PostgresSchema.Open(address))
        : new LedgerReport(File ?? throw new InvalidOperationException("A ledger that ends with its process has no report."));
}
