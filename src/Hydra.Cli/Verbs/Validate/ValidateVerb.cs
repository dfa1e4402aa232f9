using Hydra.Model;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra validate FILE</c>: everything that can be known before a token is spent.</summary>
internal static class ValidateVerb
{
    private static readonly Option Estimate = Option.Switch("--estimate", "bounds on cost and time, node by node");
    private static readonly Option Strict = Option.Switch("--strict", "warnings are errors");

    public static readonly Verb Verb = new("validate", "FILE", "checks a workflow file; spends nothing")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [CommonOptions.Input, CommonOptions.Inputs, Estimate, Strict, CommonOptions.Backend, ProgramOptions.Model, CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Help],
        Run = static (arguments, io) => Task.FromResult(Validate(arguments, io)),
    };

    private static int Validate(ParsedArguments arguments, CliIo io)
    {
        var file = Epics.FileOf(arguments.Positionals[0], io);
        var given = arguments.Has(CommonOptions.Input) || arguments.Has(CommonOptions.Inputs) ? GivenInputs.Read(arguments, io) : null;
        var read = WorkflowReading.Read(io.PathOf(file), given, arguments.Has(Strict), Wiring.TypesForReading(), Wiring.AgentsFor(io.PathOf(file), io));
        var project = new ProblemList(PolicyFile.Name);
        Wiring.PolicyOf(io, project);
        foreach (var problem in project.Problems) read.Problems.Add(arguments.Has(Strict) && problem.Severity == ProblemSeverity.Warning ? problem with { Severity = ProblemSeverity.Error } : problem);
        var isValid = read.Spec is not null && !read.Problems.HasErrors;
        if (arguments.Has(CommonOptions.Json))
        {
            WriteJson(read, isValid, arguments, io);
        }
        else
        {
            ProblemText.Write(read.Problems, io.Out, arguments.Has(Estimate) ? ProblemSeverity.Note : ProblemSeverity.Warning);
            // A note that costs nothing to read and may save calls; the others come with --estimate.
            foreach (var hint in read.Problems.Problems.Where(problem => problem.Code == ProblemCodes.SimplerPattern && !arguments.Has(Estimate))) io.Out.WriteLine(TerminalText.Of(hint.ToString()));
            if (isValid) io.Out.WriteLine(TerminalText.Block(ValidateText.Of(read.Spec!)));
            if (isValid && arguments.Has(Estimate)) io.Out.WriteLine(EstimateOf(read, arguments, io).ToText());
        }
        return isValid ? ExitCode.Done : ExitCode.Usage;
    }

    private static void WriteJson(CheckedWorkflow read, bool isValid, ParsedArguments arguments, CliIo io)
    {
        var json = new ValueMap.Builder { ["valid"] = isValid, ["problems"] = ProblemText.ToJson(read.Problems) };
        if (isValid)
        {
            json["name"] = read.Spec!.Name;
            json["hash"] = read.Spec.Hash;
            json["nodes"] = read.Spec.Nodes.Count;
            json["waves"] = Value.Of(Waves.Of(read.Spec).Select(wave => Value.OfTexts(wave.Select(id => id.Text))));
            if (arguments.Has(Estimate)) json["estimate"] = EstimateOf(read, arguments, io).ToJson();
        }
        io.Out.WriteLine(ValueJson.ToText(json.Build(), indented: true));
    }

    private static CostEstimate EstimateOf(CheckedWorkflow read, ParsedArguments arguments, CliIo io)
    {
        var options = ModelTiers.Resolve(ProgramOptions.Of(arguments), read.Spec!, io);
        using var gateway = Wiring.OpenGateway(options.Backend, io);
        // With nothing configured the offline model would answer for nothing; what is asked here is the price of the models named.
        using var asked = new DirectRunModels(gateway, options.Models, io);
        IModelCatalog models = gateway.IsOfflineByDefault ? new ListedPrices(options.Models, io) : asked;
        return CostEstimate.Of(options.Apply(read.Spec!), read.Inputs, models, Wiring.TypesForReading());
    }
}
