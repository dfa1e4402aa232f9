using Hydra.Cli.Verbs;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Cli;

/// <summary>
/// Runs that ask models directly, in the folder's ledger: the one that <c>HYDRA_LEDGER</c> names, or the gateway's of this folder where
/// there is one. It is opened by the first call that costs something.
/// </summary>
internal sealed class RunLedger : IModelClients, IDisposable
{
    public const string Variable = "HYDRA_LEDGER";

    private readonly LedgeredModels _models;
    private readonly Lazy<Task<StoredLedger>> _ledger;

    private RunLedger(IModelClients models, LedgerPlace place, CliIo io)
    {
        _ledger = new(() => place.OpenAsync(io.Clock));
        _models = new LedgeredModels(models, models.GetClient, () => _ledger.Value, PipelineModels.CallerOf(io), io.Clock);
    }

    /// <summary>The models with a ledger; themselves where there is none.</summary>
    public static IModelClients Around(IModelClients models, CliIo io) => PlaceOf(io) is { } place ? new RunLedger(models, place, io) : models;

    public ModelFacts Resolve(string model) => _models.Resolve(model);
    public IChatClient GetClient(string model) => _models.GetClient(model);

    /// <remarks>Waits until the ledger has written what it holds.</remarks>
    public void Dispose()
    {
        if (_ledger is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }) _ledger.Value.Result.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static LedgerPlace? PlaceOf(CliIo io)
    {
        var named = io.Environment(Variable)?.Trim();
        if (named is { Length: > 0 }) return named == "off" ? null : LedgerPlace.OfFile(io.PathOf(named));
        var file = io.PathOf(GatewayStore.FileByDefault);
        return File.Exists(file) ? LedgerPlace.OfFile(file) : null;
    }
}
