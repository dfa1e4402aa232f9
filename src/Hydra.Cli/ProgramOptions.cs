using Hydra.Gateway.Prices;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Cli;

/// <summary>Options of the command line that a run keeps: going on with it must find the same models.</summary>
internal sealed record ProgramOptions(string? Backend, ValueMap Models)
{
    public static readonly Option Model = new("--model", "ALIAS=ID", "another model for an alias of the file, or for a model id") { IsMany = true };

    public static ProgramOptions Of(ParsedArguments arguments)
    {
        var models = new ValueMap.Builder();
        foreach (var (alias, id) in arguments.Pairs(Model)) models[alias] = id;
        var backend = arguments.Get(CommonOptions.Backend);
        return new(backend == "replay" ? null : backend, models.Build());
    }

    /// <summary>These options with those of a recorded run where they say nothing.</summary>
    public ProgramOptions Over(ValueMap recorded)
    {
        var models = recorded.GetOrNull("models");
        return new(Backend ?? recorded.GetOrNull("backend").TextOrNull, Models.Count > 0 || !models.IsObject ? Models : models.AsObject);
    }

    /// <summary>The options of a run that was started earlier.</summary>
    public static ProgramOptions Of(IRunStore store, RunId run)
    {
        foreach (var frame in store.Read(run))
        {
            var started = (RunEvent.RunStarted)frame.Events[0];
            var kept = store.Artifacts.Read(started.Bundle).AsObject.GetOrNull("options");
            var options = kept.IsObject ? kept.AsObject : ValueMap.Empty;
            var models = options.GetOrNull("models");
            return new(options.GetOrNull("backend").TextOrNull, models.IsObject ? models.AsObject : ValueMap.Empty);
        }
        return new(null, ValueMap.Empty);
    }

    public ValueMap ToBundle() => ValueMap.Of(("backend", Backend is null ? Value.Null : Value.Of(Backend)), ("models", Models));

    /// <summary>A model's name as <c>--model</c> changed it.</summary>
    public static string NameOf(string model, ValueMap names) => names.GetOrNull(model).TextOrNull ?? model;

    /// <summary>The workflow with its aliases renamed; its hash stays that of the file.</summary>
    public WorkflowSpec Apply(WorkflowSpec workflow)
    {
        if (Models.Count == 0) return workflow;
        var aliases = new Dictionary<string, ModelAliasSpec>(workflow.Models, StringComparer.Ordinal);
        foreach (var (alias, id) in Models.Pairs)
        {
            if (aliases.TryGetValue(alias, out var known)) aliases[alias] = known with { Model = id.AsText, Fallbacks = [] };
        }
        return workflow with { Models = aliases };
    }
}

/// <summary>Knows models and who speaks to them.</summary>
internal interface IModelClients : IModelCatalog
{
    IChatClient GetClient(string model);
}

/// <summary>Models as the price table knows them, whoever may answer.</summary>
internal sealed class ListedPrices(ValueMap names, CliIo io) : IModelCatalog
{
    private readonly PriceTable _prices = PriceTable.Load(io.Environment("HYDRA_PRICES"));

    public ModelFacts Resolve(string model)
    {
        var name = ProgramOptions.NameOf(model, names);
        var entry = _prices.Find(name);
        return new ModelFacts { Name = name, Provider = "", Id = name, Price = entry?.Price, ContextTokensMax = entry?.ContextTokensMax, OutputTokensMax = entry?.OutputTokensMax };
    }
}
