using System.Text;
using Hydra.Artifacts;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Parsing;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary>Changes the project's policy for <c>hydra policy</c>: the change is in the audit before it is in the file, so no rule is in force unnoted.</summary>
internal static class PolicyEdit
{
    public static int Accept(RuleProposal proposal, ParsedArguments arguments, CliIo io)
    {
        var change = ChangeOf(true, proposal.Name, proposal.Rule, $"{proposal.Evidence.Count} approvals, none refused since", arguments, io);
        var note = $"{DateTimeOffset.FromUnixTimeMilliseconds(change.AtMs):yyyy-MM-dd HH:mm:ss} UTC by {ValueJson.ToText(change.By)}: {ValueJson.ToText(change.Reason)}";
        return Make(change, (text, problems) => PolicyFileEdit.Add(text, change.Rule, note, problems), arguments, io);
    }

    public static int Revoke(string name, ParsedArguments arguments, CliIo io)
    {
        _ = Wiring.PolicyOf(io);   // rules that are not understood are not edited
        var rules = TextOf(PathOf(io)) is { } text && YamlReader.Read(text, new ProblemList(PolicyFile.Name))?.Get("policy")?.Get("rules")?.ToValue() is { IsList: true } found
            ? found.Items.Where(rule => rule.IsObject).Select(rule => rule.AsObject).ToList() : [];
        if (rules.Find(each => each.GetOrNull("name").TextOrNull == name) is not { } rule)
            throw new UsageException($"{PolicyFile.Name} has no rule '{name}'.{DidYouMean.Hint(name, rules.Select(each => each.GetOrNull("name").TextOrNull).OfType<string>())}");
        if (rule.GetOrNull("decision").TextOrNull is var decision and not "allow")
            throw new UsageException($"the rule '{name}' says `decision: {decision}`: taking it out would let more through. `revoke` takes out rules that allow; edit {PolicyFile.Name} by hand.");
        return Make(ChangeOf(false, name, rule, "no reason was given", arguments, io), (text, problems) => PolicyFileEdit.Remove(text, name, problems), arguments, io);
    }

    private static PolicyChange ChangeOf(bool isAccepted, string name, ValueMap rule, string reason, ParsedArguments arguments, CliIo io) =>
        new(isAccepted, name, rule, ControlOptions.CallerOf(io), arguments.Get(ControlOptions.Reason) ?? reason, io.Clock.GetUtcNow().ToUnixTimeMilliseconds());

    private static int Make(PolicyChange change, Func<string, ProblemList, string?> edit, ParsedArguments arguments, CliIo io)
    {
        var path = PathOf(io);
        var before = TextOf(path);
        var problems = new ProblemList(PolicyFile.Name);
        if (edit(before ?? "", problems) is not { } after) throw new UsageException(problems.Problems[0].ToString());
        using var store = Wiring.OpenStore(Wiring.RunsDirOf(arguments, io), Durability.Full, io);
        Note(change, store, io);
        try
        {
            Swap(path, before, after);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            Note(change with { IsAccepted = !change.IsAccepted, Reason = $"{PolicyFile.Name} was not changed: {failed.Message}" }, store, io);
            throw new UsageException($"{PolicyFile.Name} was not changed: {failed.Message}");
        }
        var done = change.IsAccepted ? "accepted" : "revoked";
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("name", change.Name), ("change", done), ("rule", change.Rule), ("by", change.By), ("reason", change.Reason)), indented: true));
        else io.Out.WriteLine(TerminalText.Of(change.IsAccepted ? $"{done} {change.Name}: in force in {PolicyFile.Name} for runs that begin or go on from now. To take it back: hydra policy revoke {change.Name}" : $"{done} {change.Name}: runs that begin or go on from now do without it"));
        return ExitCode.Done;
    }

    private static void Note(PolicyChange change, SqliteRunStore store, CliIo io)
    {
        store.Add(change);
        AuditHeadNotes.HeadOf(io)?.Note(store.JournalHeads(), change.AtMs);
    }

    /// <summary>The file itself where its name is a link.</summary>
    private static string PathOf(CliIo io) => io.PathOf(PolicyFile.Name) is var path && File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target ? target.FullName : path;

    private static string? TextOf(string path) => File.Exists(path) ? Encoding.UTF8.GetString(File.ReadAllBytes(path)) : null;   // with its byte order mark

    private static void Swap(string path, string? before, string after)
    {
        var beside = $"{path}.{Guid.NewGuid():N}.part";
        try
        {
            File.WriteAllBytes(beside, Encoding.UTF8.GetBytes(after));
            if (before is null) File.Move(beside, path, overwrite: false);
            else
            {
                if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(beside, File.GetUnixFileMode(path));
                if (!FileSwap.TryReplace(beside, path, replaced => TextOf(replaced) == before)) throw new IOException("somebody else changed it at the same moment. Look at it, then try again.");
            }
        }
        finally
        {
            File.Delete(beside);
        }
    }
}
