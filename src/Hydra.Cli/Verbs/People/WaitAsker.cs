using System.Threading.Channels;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>Asks what a run waits for on the terminal it was started from, one question after another. Answers go the way of every answer: through the run's inbox.</summary>
internal sealed class WaitAsker : IDisposable
{
    private readonly RunId _run;
    private readonly IRunStore _store;
    private readonly CliIo _io;
    private readonly string _who;
    private readonly string _where;
    private readonly Channel<OpenWait> _questions = Channel.CreateUnbounded<OpenWait>();   // bounded by the run's own instances

    /// <param name="where">What a command that is told needs to find the run.</param>
    public WaitAsker(RunId run, IRunStore store, string where, CliIo io)
    {
        (_run, _store, _where, _io) = (run, store, where, io);
        _who = io.UserName;
        _ = Task.Run(AskAsync);   // reading a terminal cannot be cancelled: the task ends with the process at the latest
    }

    public static bool MayAsk(ParsedArguments arguments, CliIo io) =>
        io is { IsInTerminal: true, IsErrorTerminal: true } && !arguments.Has(CommonOptions.Json) && !arguments.Has(CommonOptions.Quiet);

    /// <summary>Whether a run of the workflow may come to wait for people; else its live view has the screen to itself.</summary>
    public static bool HasQuestions(WorkflowSpec workflow) => workflow.Nodes.Any(HasQuestions);

    private static bool HasQuestions(NodeSpec node) => node.Type is "approval_gate" or "user_input" || node.Fields.ContainsKey("tools") || node.Fields.ContainsKey("agent")
        || node.Children.Values.Any(children => children.Any(HasQuestions)) || (node.Linked is { } linked && HasQuestions(linked));

    /// <summary>Whether the person here may answer; then the question is asked when its turn comes.</summary>
    public bool Takes(OpenWait open)
    {
        var request = open.Wait.Request;
        if (request.Kind == WaitKind.Event) return false;
        var isAllowed = _who.Length > 0 && (request.Approvers.Count == 0 || request.Approvers.Contains(_who));
        return isAllowed && _questions.Writer.TryWrite(open);
    }

    public void Dispose() => _questions.Writer.TryComplete();

    private async Task AskAsync()
    {
        await foreach (var open in _questions.Reader.ReadAllAsync())
        {
            var (asked, lost) = LostPayload.Read(_store, open.Wait.Request);
            if (asked is not null) WaitText.WritePayload(asked, _io.Error);
            else _io.Error.WriteLine($"{TerminalText.Of(open.Path)}: {TerminalText.Of(LostPayload.Tell(lost!, _run, open, _where))}");
            if (lost is not null && open.Wait.Request.Kind != WaitKind.Approval) continue;
            while (true)
            {
                _io.Error.Write($"{TerminalText.Of(open.Path)} {Hint(open.Wait.Request)} ");
                if (await _io.In.ReadLineAsync() is not { } line) return;
                var given = AnswerOf(open, line.Trim(), _who);
                var misfit = given is null ? "write y, or n and why." : lost is not null && given.Answer.AsBoolean ? "nobody can say yes to what is lost: write n and why." : WaitRules.Misfit(given, open.Wait.Request, out _);
                if (misfit is null)
                {
                    _store.Post(_run, new InboxCommand(GivenAnswer.Verb, given!.ToBody()));
                    break;
                }
                _io.Error.WriteLine(TerminalText.Of(misfit));
            }
        }
    }

    private static string Hint(WaitRequest request) => request switch
    {
        { Kind: WaitKind.Approval } => "approve? [y / n COMMENT]",
        { AnswerType: AnswerType.Select } => $"[{TerminalText.Of(string.Join(" / ", request.Options))}]",
        { AnswerType: AnswerType.Confirm } => "[yes / no]",
        { AnswerType: AnswerType.Form } => "[JSON object]",
        _ => ">",
    };

    /// <summary>What a typed line says; null: neither yes nor no to a gate.</summary>
    internal static GivenAnswer? AnswerOf(OpenWait open, string line, string who)
    {
        var request = open.Wait.Request;
        if (request.Kind == WaitKind.Input) return new GivenAnswer(open.Wait.Id, WaitKind.Input, line, IsText: true, who, IsAuthenticated: false, "", request.PayloadSha256);
        var words = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        bool? isApproved = words[0].ToLowerInvariant() switch { "y" or "yes" => true, "n" or "no" => false, _ => null };
        return isApproved is null ? null : new GivenAnswer(open.Wait.Id, WaitKind.Approval, isApproved.Value, IsText: false, who, IsAuthenticated: false, words.Length > 1 ? words[1] : "", request.PayloadSha256);
    }
}
