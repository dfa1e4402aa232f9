using Hydra.Gateway.Config;
using Hydra.Gateway.Ledger;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>
/// Puts the pipeline together, for gateways and for runs that ask their models directly: operation, then what stands between (filters and
/// caches, where there are any), then the route with its attempts. What it makes is safe to share between threads, itself it is not.
/// </summary>
internal sealed class PipelineFactory
{
    private GroupCall? _groups;

    /// <summary>The configuration as it stands now.</summary>
    public required Func<GatewayConfig> Config { get; init; }
    public required ICallLedger Ledger { get; init; }
    /// <summary>The one lock over all that is learnt of deployments.</summary>
    public required Lock Gate { get; init; }
    public required TimeProvider Clock { get; init; }
    /// <summary>Time since the beginning, as breakers and limits count it.</summary>
    public required Func<TimeSpan> Now { get; init; }
    /// <summary>Why nobody may be asked now; null: they may.</summary>
    public Func<GatewayRefusedException?> KillSwitch { get; init; } = () => null;
    public Random Random { get; init; } = Random.Shared;
    /// <summary>Told of every operation that is over, and whether its answer was whole.</summary>
    public Action<Operation, bool> OnEnd { get; init; } = (_, _) => { };

    /// <summary>The end of a pipeline: whom to ask, and asking. All of one factory share retry budgets.</summary>
    public IChatClient RouteTo(Func<GatewayModels> models) => new RouteStage(models,
        _groups ??= new GroupCall(new AttemptRunner(Ledger, Gate, Clock, Now, KillSwitch), () => Config().Retries, Gate, Random, Clock, Now), Clock);

    /// <summary>A whole pipeline.</summary>
    /// <param name="behind">Everything after the first stage.</param>
    public IChatClient Begin(IChatClient behind, Func<GatewayModels> models) => new OperationStage(behind, models, Config, OnEnd, Gate, Now);
}
