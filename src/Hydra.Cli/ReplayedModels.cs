using Hydra.Gateway;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Cli;

/// <summary>
/// The models of a replayed run: known as they were when it was recorded, whatever is configured on this machine, so that
/// the same questions come out. Only what is not recorded, and only where that is allowed, is ever asked of anybody.
/// </summary>
internal sealed class ReplayedModels : IModelClients, IDisposable
{
    private const string Nobody = "replay";

    private readonly Cassette _cassette;
    private readonly ValueMap _names;
    private readonly ModelGateway _offline;
    private readonly ModelGateway _command;
    private readonly ModelGateway? _real;

    public ReplayedModels(ProgramOptions options, Cassette cassette, CliIo io)
    {
        var configured = GatewayOptions.FromEnvironment(io.Environment);
        _cassette = cassette;
        _names = options.Models;
        _offline = Wiring.OpenGateway(configured with { Backend = "offline" });
        _command = Wiring.OpenGateway(configured with { Backend = $"command:{Nobody}" });
        _real = cassette.Missing == MissingCall.Call ? Wiring.OpenGateway(options.Backend, io) : null;
        // Facts and prices only: these keys open nothing and no client is ever made here.
        Gateway = Wiring.OpenGateway(configured with { Backend = "api", OpenAIApiKey = Nobody, AnthropicApiKey = Nobody, GeminiApiKey = Nobody, GatewayUrl = "http://replay.invalid" });
    }

    public ModelGateway Gateway { get; }

    public ModelFacts Resolve(string model)
    {
        var name = ProgramOptions.NameOf(model, _names);
        return _cassette.ProviderOf(name) switch
        {
            "offline" => _offline.Resolve(name),
            "command" => _command.Resolve(name),
            { } provider => Gateway.Resolve(name) with { Provider = provider },
            null when _cassette.Missing == MissingCall.Offline => _offline.Resolve(name),
            null => (_real ?? Gateway).Resolve(name),
        };
    }

    public IChatClient GetClient(string model) => (_real ?? _offline).GetClient(ProgramOptions.NameOf(model, _names));

    public void Dispose()
    {
        _offline.Dispose();
        _command.Dispose();
        _real?.Dispose();
    }
}
