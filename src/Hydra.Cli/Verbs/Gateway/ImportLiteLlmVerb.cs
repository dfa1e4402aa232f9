using Hydra.Gateway.Config;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra gateway import FILE</c>: LiteLLM's configuration as a gateway's.</summary>
internal static class ImportLiteLlmVerb
{
    private static readonly Option Output = new("--output", "FILE", "where to write; default standard output") { Short = "-o" };
    private static readonly Option Strict = Option.Switch("--strict", "exit code 1 when something is left out");

    public static readonly Verb Verb = new("gateway import", "FILE", "turns LiteLLM's configuration into gateway.yaml")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Output, Strict, CommonOptions.Help],
        Notes = "What is left out is named on standard error with its place. Secrets that stand in the file are never copied.",
        Run = static (arguments, io) => Task.FromResult(Import(arguments, io)),
    };

    private static int Import(ParsedArguments arguments, CliIo io)
    {
        var file = arguments.Positionals[0];
        var problems = new ProblemList(file);
        var written = LiteLlmImport.Convert(ReadText(file, io), problems);
        ProblemText.Write(problems, io.Error, ProblemSeverity.Warning);
        if (written is null) return ExitCode.Usage;
        if (arguments.Get(Output) is { } to)
        {
            if (File.Exists(io.PathOf(to))) throw new UsageException($"'{to}' is there already. Name another file with --output, or remove it.");
            File.WriteAllText(io.PathOf(to), written);
        }
        else io.Out.Write(written);
        return problems.Problems.Count > 0 && arguments.Has(Strict) ? ExitCode.Failed : ExitCode.Done;
    }

    private static string ReadText(string file, CliIo io)
    {
        try
        {
            return File.ReadAllText(io.PathOf(file));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{file}' cannot be read: {unreadable.Message}");
        }
    }
}
