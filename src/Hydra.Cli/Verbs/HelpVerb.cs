using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra help [VERB]</c>, and what <c>--help</c> and <c>--version</c> print.</summary>
internal static class HelpVerb
{
    public static readonly Verb Verb = new("help", "[VERB]", "shows this, or all about one verb")
    {
        PositionalsMax = 2,
        Options = [CommonOptions.Help],
        Run = static (arguments, io) => Task.FromResult(Help(arguments, io)),
    };

    public static int PrintVersion(CliIo io)
    {
        io.Out.WriteLine($"hydra {typeof(Engine).Assembly.GetName().Version!.ToString(3)}");
        return ExitCode.Done;
    }

    public static int PrintOverview(CliIo io, int exitCode)
    {
        var to = exitCode == ExitCode.Done ? io.Out : io.Error;
        to.WriteLine("Runs teams of LLM agents as graphs from YAML files.\n\nUsage: hydra VERB …\n");
        foreach (var verb in VerbTable.All.Where(verb => verb.Run is not null)) to.WriteLine($"  {verb.Name + " " + verb.Arguments,-22} {verb.Summary}");
        to.WriteLine("\nStart with:  hydra run examples/research.yaml --input topic=\"quantum computing\"\nAll about a verb:  hydra help VERB");
        return exitCode;
    }

    public static int PrintVerb(Verb verb, CliIo io)
    {
        io.Out.WriteLine($"{$"hydra {verb.Name} {verb.Arguments}".TrimEnd()}\n  {verb.Summary}\n");
        foreach (var option in verb.Options.Where(option => !option.IsLater))
        {
            var name = option.Value is null ? option.Name : $"{option.Name} {option.Value}";
            io.Out.WriteLine($"  {(option.Short is { } brief ? brief + ", " : "    ")}{name,-38} {option.Help}{(option.IsMany ? "; may be repeated" : "")}");
        }
        if (verb.Notes.Length > 0) io.Out.WriteLine($"\n{verb.Notes}");
        return ExitCode.Done;
    }

    private static int Help(ParsedArguments arguments, CliIo io)
    {
        if (arguments.Positionals.Count == 0) return PrintOverview(io, ExitCode.Done);
        var name = string.Join(' ', arguments.Positionals);
        if (VerbTable.Find(name) is not { } verb) throw new UsageException($"there is no verb '{name}'.{DidYouMean.Hint(name, VerbTable.All.Select(known => known.Name))}");
        if (verb.Run is null) throw new UsageException($"`hydra {name}` is not supported yet.");
        return PrintVerb(verb, io);
    }
}
