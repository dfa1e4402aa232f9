using Hydra.Cli.Verbs;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Cli;

/// <summary>Models of a gateway configuration, asked through its pipeline in this process: its budgets, ledger and failover hold for runs as they do over HTTP.</summary>
internal sealed class PipelineModels : IModelClients, IDisposable
{
    private readonly GatewayService _service;
    private readonly InProcessModels _models;
    private readonly ValueMap _names;

    private PipelineModels(GatewayService service, ValueMap names, CliIo io)
    {
        (_service, _names) = (service, names);
        _models = new InProcessModels(service, CallerOf(io));
    }

    /// <summary>Who a run's calls are of, for budgets and the ledger.</summary>
    public static Caller CallerOf(CliIo io) => new(null, null, io.UserName is { Length: > 0 } user ? user : null, ["source=engine"]);

    /// <exception cref="UsageException">The configuration cannot be used.</exception>
    public static PipelineModels Open(string file, ValueMap names, CliIo io)
    {
        var config = GatewayFile.Read(file, io);
        if (!config.SetsRetries) config = config with { Retries = InProcessModels.WithoutRepeats(config.Retries) };
        var options = new GatewayServiceOptions { Environment = io.Environment, Folder = Path.GetDirectoryName(Path.GetFullPath(file))!, Clock = io.Clock };
        try
        {
            return new PipelineModels(GatewayService.OpenAsync(config, options, CancellationToken.None).GetAwaiter().GetResult(), names, io);
        }
        catch (GatewayConfigException wrong)
        {
            throw GatewayFile.Unusable(wrong);
        }
    }

    public ModelFacts Resolve(string model) => _models.Resolve(ProgramOptions.NameOf(model, _names));
    public IChatClient GetClient(string model) => _models.GetClient(ProgramOptions.NameOf(model, _names));

    /// <remarks>Waits until the ledger has written what it holds.</remarks>
    public void Dispose() => _service.DisposeAsync().AsTask().GetAwaiter().GetResult();
}
