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
            return Guard(() => DispatchAsync(words, io), words, io);
        }
        finally
        {
            Flush(io.Out);
        }
    }

    /// <summary>Does something and turns what is known to go wrong into a message and an exit code.</summary>
    /// <param name="words">The command line: with <c>--json</c> standard output gets a document of that, too.</param>
    public static int Guard(Func<Task<int>> act, IReadOnlyList<string> words, CliIo io)
    {
        var isJson = words.Contains(CommonOptions.Json.Name);
        try
        {
            return act().GetAwaiter().GetResult();
        }
        catch (UsageException usage)
        {
            return Tell(ExitCode.Usage, usage.First, usage.Lines, isJson, io);
        }
        catch (Exception known) when (known is RunRefusedException or ModelUnavailableException or Tracing.GraphTooLargeException or Execution.CassetteFileException or Journal.ArchiveException)
        {
            return Tell(ExitCode.Usage, known.Message, [], isJson, io);
        }
        catch (CallFailedException failed)
        {
            return Tell(ExitCode.Failed, failed.Message, [], isJson, io);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            return Tell(ExitCode.Failed, failed.Message, [], isJson, io);   // a file or folder that the verb was told to use; the message names it
        }
        catch (StoreException store)
        {
            return Tell(store.Fault == StoreFault.Owned ? ExitCode.Usage : ExitCode.Failed, MessageOf(store, words), [], isJson, io);
        }
    }

    /// <summary>What a store's fault is told with: only who carries a run on is asked to resume it.</summary>
    public static string MessageOf(StoreException store, IReadOnlyList<string> words)
    {
        var message = words is ["run" or "resume" or "orchestrate", ..] ? store.Message.Replace(StoreException.TryAgain, "resume the run", StringComparison.Ordinal) : store.Message;
        return $"{message}{(store.IsForDoctor ? " `hydra doctor --runs` says what can be saved." : "")}";
    }

    /// <param name="lines">Further lines, each shown as a line of its own.</param>
    private static int Tell(int exitCode, string message, IReadOnlyList<string> lines, bool isJson, CliIo io)
    {
        io.Error.WriteLine($"hydra: {TerminalText.Of(message)}");
        foreach (var line in lines) io.Error.WriteLine(TerminalText.Of(line));
        if (isJson) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("status", exitCode == ExitCode.Usage ? "rejected" : "failed"), ("exit_code", exitCode), ("reason", string.Join('\n', [message, .. lines]))), indented: true));
        return exitCode;
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
