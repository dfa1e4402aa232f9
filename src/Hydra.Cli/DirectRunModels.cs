using Hydra.Cli.Verbs;
using Hydra.Gateway;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Cli;

/// <summary>
/// Models of a run without a gateway's configuration, in the folder's ledger: the one that <c>HYDRA_LEDGER</c> names, or the gateway's of
/// this folder where there is one.
/// </summary>
internal sealed class DirectRunModels(ModelGateway gateway, ValueMap names, CliIo io) : IModelClients, IDisposable
{
    public const string LedgerVariable = "HYDRA_LEDGER";

    private readonly DirectModels _models = new(gateway, PlaceOf(io) is { } place ? () => place.OpenAsync(io.Clock) : null, PipelineModels.CallerOf(io), io.Clock);

    public ModelFacts Resolve(string model) => _models.Resolve(ProgramOptions.NameOf(model, names));
    public IChatClient GetClient(string model) => _models.GetClient(ProgramOptions.NameOf(model, names));

    /// <remarks>Waits until the ledger has written what it holds.</remarks>
    public void Dispose() => _models.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static LedgerPlace? PlaceOf(CliIo io)
    {
        var named = io.Environment(LedgerVariable)?.Trim();
        if (named is { Length: > 0 }) return named == "off" ? null : LedgerPlace.OfFile(io.PathOf(named));
        var file = io.PathOf(GatewayStore.FileByDefault);
        return File.Exists(file) ? LedgerPlace.OfFile(file) : null;
    }
}
