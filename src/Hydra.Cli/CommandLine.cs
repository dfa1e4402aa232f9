using Hydra.Cli.Verbs;
using Hydra.Model;

namespace Hydra.Cli;

/// <summary>From the words of a command line to a verb and its exit code.</summary>
internal static class CommandLine
{
    /// <remarks>Not async: state machines over value types are compiled at every start.</remarks>
    public static int Run(string[] words, CliIo io)
    {
        try
        {
            return Guard(() => DispatchAsync(words, io), io);
        }
        finally
        {
            Flush(io.Out);
        }
    }

    /// <summary>Does something and turns what is known to go wrong into a message and an exit code.</summary>
    public static int Guard(Func<Task<int>> act, CliIo io)
    {
        try
        {
            return act().GetAwaiter().GetResult();
        }
        catch (Exception known) when (known is UsageException or RunRefusedException or ModelUnavailableException or Tracing.GraphTooLargeException or Execution.CassetteFileException or Journal.ArchiveException)
        {
            var usage = known as UsageException;
            io.Error.WriteLine($"hydra: {TerminalText.Of(usage?.First ?? known.Message)}");
            foreach (var line in usage?.Lines ?? []) io.Error.WriteLine(TerminalText.Of(line));
            return ExitCode.Usage;
        }
        catch (CallFailedException failed)
        {
            io.Error.WriteLine($"hydra: {TerminalText.Of(failed.Message)}");
            return ExitCode.Failed;
        }
        catch (StoreException store)
        {
            io.Error.WriteLine($"hydra: {TerminalText.Of(store.Message)}{(store.IsForDoctor ? " `hydra doctor --runs` says what can be saved." : "")}");
            return store.Fault == StoreFault.Owned ? ExitCode.Usage : ExitCode.Failed;
        }
    }

    private static Task<int> DispatchAsync(string[] words, CliIo io)
    {
        if (words.Length == 0) return Task.FromResult(HelpVerb.PrintOverview(io, ExitCode.Usage));
        var name = words[0];
        if (name is "--version" or "-V") return Task.FromResult(HelpVerb.PrintVersion(io));
        if (name is "--help" or "-h") return Task.FromResult(HelpVerb.PrintOverview(io, ExitCode.Done));
        if (VerbTable.Find(words) is not var (verb, taken))
        {
            var hint = name.EndsWith(".yaml", StringComparison.Ordinal) || name.EndsWith(".yml", StringComparison.Ordinal)
                ? $" To run the file: hydra run {name}"
                : DidYouMean.Hint(name, VerbTable.All.Where(known => known.Run is not null).Select(known => known.Name));
            throw new UsageException($"there is no verb '{name}'.{hint} `hydra help` lists them.");
        }
        if (verb.Run is null) throw new UsageException($"`hydra {name}` is not supported yet.");
        var arguments = ArgumentParser.Parse(verb, words.AsSpan(taken));
        return arguments.Has(CommonOptions.Help) ? Task.FromResult(HelpVerb.PrintVerb(verb, io)) : verb.Run(arguments, io);
    }

    /// <summary>A reader that has gone away (<c>| head</c>) is no failure of ours.</summary>
    private static void Flush(TextWriter writer)
    {
        try
        {
            writer.Flush();
        }
        catch (IOException)
        {
            // Nobody reads any more.
        }
    }
}
