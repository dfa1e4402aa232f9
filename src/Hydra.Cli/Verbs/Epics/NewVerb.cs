using Hydra.Agents.Lifecycle;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra new NAME|"GOAL"</c>: an epic begins with its brief.</summary>
internal static class NewVerb
{
    private static readonly Option From = new("--brief", "FILE", "what is known already, as text or Markdown; '-' reads standard input");
    private static readonly Option Plan = Option.Switch("--plan", "goes straight on to the blueprint");

    public static readonly Verb Verb = new("new", "NAME|\"GOAL IN WORDS\"", "begins an epic: its brief, by interview or from a file")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [From, Plan, CommonOptions.Backend, ProgramOptions.Model, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Quiet, CommonOptions.Help],
        Notes = "A goal in words becomes a name. On a terminal the cofounder asks what is not stated; elsewhere it stays open and is listed.",
        Run = RunAsync,
    };

    private static async Task<int> RunAsync(ParsedArguments arguments, CliIo io)
    {
        // (1) its name
        var given = arguments.Positionals[0].Trim();
        var isGoal = given.Any(char.IsWhiteSpace);
        var name = isGoal ? Slug.Of(given, TakenNames(io)) : given;
        if (!Epics.IsName(name)) throw new UsageException($"'{given}' is no name of an epic: 1 to 64 letters, digits, '_', '-' and '.', beginning with a letter or digit. A goal in words is written in quotes.");
        var file = Epics.PathOf(name, Epics.BriefFile);
        if (File.Exists(io.PathOf(file))) throw new UsageException($"epic '{name}' is there already: {file}. Edit it, or choose another name.");
        // (2) its brief
        using var ask = new AgentAsk(arguments, io);
        var stated = arguments.Get(From) is { } source ? Brief.Parse(ReadSource(source, io), isGoal ? given : name) : new Brief { Title = isGoal ? given : name, Summary = isGoal ? given : "", Problem = isGoal ? given : "" };
        var brief = await Interview.BriefAsync(stated, name, ask, arguments, io);
        WholeFile.Write(io.PathOf(file), brief.ToMarkdown());
        // (3) what comes next
        var isJson = arguments.Has(CommonOptions.Json);
        if (!arguments.Has(Plan))
        {
            if (isJson) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("epic", name), ("brief", file), ("open", Value.OfTexts(brief.Gaps))), indented: true));
            else
            {
                io.Out.WriteLine($"{name}: {file}");
                if (brief.Gaps.Count > 0) io.Error.WriteLine($"Not stated yet: {string.Join(", ", brief.Gaps)}. Fill in what matters in {file}.");
                io.Error.WriteLine($"Next: hydra plan {name}");
            }
            return ExitCode.Done;
        }
        if (!isJson) io.Error.WriteLine($"{name}: {file}");
        return await PlanVerb.PlanAsync(name, ask, arguments, io);
    }

    private static HashSet<string> TakenNames(CliIo io) =>
        Directory.Exists(io.PathOf(Epics.Folder)) ? [.. Directory.EnumerateDirectories(io.PathOf(Epics.Folder)).Select(path => Path.GetFileName(path)!)] : [];

    private static string ReadSource(string source, CliIo io)
    {
        try
        {
            var text = source == "-" ? io.In.ReadToEnd() : File.ReadAllText(io.PathOf(source));
            if (text.Length > Brief.CharsMax) throw new UsageException($"--brief: '{source}' holds {text.Length:#,0} characters, and at most {Brief.CharsMax:#,0} are read. Shorten it.");
            return string.IsNullOrWhiteSpace(text) ? throw new UsageException($"--brief: '{source}' is empty.") : text;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--brief: '{source}' cannot be read: {failed.Message}");
        }
    }
}

/// <summary>From what is stated to a brief: the cofounder asks and writes; without a model, fixed questions and the person's own words.</summary>
internal static class Interview
{
    private const int RoundsMax = 3, QuestionsMax = 5;

    public static async Task<Brief> BriefAsync(Brief stated, string epic, AgentAsk ask, ParsedArguments arguments, CliIo io)
    {
        var canAsk = io.IsInTerminal && !arguments.Has(CommonOptions.Json);
        if (ask.IsOffline)
        {
            if (!arguments.Has(CommonOptions.Quiet)) io.Error.WriteLine("No model is configured: the brief is written from your own words, from a template.");
            return canAsk ? AskOffline(stated, io) : stated;
        }
        var answers = new List<Value>();
        for (var round = 0; canAsk && round < RoundsMax; round++)
        {
            var reply = await ask.AskAsync("cofounder", Prompt(stated, answers, "ask"), epic, "brief", CancellationToken.None);
            var questions = reply.AsObject.GetOrNull("questions") is { IsList: true } list ? list.Items.Take(QuestionsMax).ToList() : [];
            if (questions.Count == 0) break;
            foreach (var question in questions.Where(question => question.IsObject).Select(question => question.AsObject))
            {
                io.Error.WriteLine($"\n{TerminalText.Block(question.GetOrNull("question").TextOrNull ?? "")}\n  ({TerminalText.Of(question.GetOrNull("why").TextOrNull ?? "")})");
                if (question.GetOrNull("options") is { IsList: true, Items.Count: > 0 } options) io.Error.WriteLine("  " + TerminalText.Of(string.Join(" · ", options.Items.Select(option => option.ToDisplayText()))));
                io.Error.Write("> ");
                var said = io.In.ReadLine()?.Trim();
                answers.Add(ValueMap.Of(("question", question["question"]), ("answer", said is { Length: > 0 } ? said : "(no answer)")));
            }
        }
        var written = await ask.AskAsync("cofounder", Prompt(stated, answers, "write"), epic, "brief", CancellationToken.None);
        return written.AsObject.GetOrNull("brief") is { IsObject: true } brief ? Brief.Of(brief.AsObject, stated.Title) : stated;
    }

    private static string Prompt(Brief stated, List<Value> answers, string mode) =>
        $"Your task as data:\n{ValueJson.ToText(ValueMap.Of(("goal", stated.ToMarkdown()), ("answers", Value.Of(answers)), ("mode", mode)), indented: true)}";

    private static Brief AskOffline(Brief stated, CliIo io)
    {
        return stated with
        {
            Problem = One(stated.Problem, "What is the problem, and whose is it?"),
            Summary = One(stated.Summary, "In one sentence: what will there be when it is done?"),
            Users = Many(stated.Users, "Who uses it?"),
            Success = Many(stated.Success, "How does a stranger notice that it succeeded? One measure a line; each becomes a task."),
            Constraints = Many(stated.Constraints, "What must hold (time, money, technology)?"),
            OutOfScope = Many(stated.OutOfScope, "What is out of scope?"),
            Risks = Many(stated.Risks, "What could go wrong?"),
        };

        string One(string known, string question)
        {
            if (known.Length > 0) return known;
            io.Error.Write($"\n{question}\n> ");
            return io.In.ReadLine()?.Trim() ?? "";
        }

        IReadOnlyList<string> Many(IReadOnlyList<string> known, string question)
        {
            if (known.Count > 0) return known;
            io.Error.Write($"\n{question} (an empty line ends the list)\n> ");
            var lines = new List<string>();
            while (io.In.ReadLine()?.Trim() is { Length: > 0 } line)
            {
                lines.Add(line);
                io.Error.Write("> ");
            }
            return lines;
        }
    }
}
