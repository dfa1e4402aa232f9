using Hydra.Agents.Lifecycle;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra enhance TEXT</c>: an epic in a project that has code: what is there is looked at before anything is wished for. With an agent file: takes it apart into specialists.</summary>
internal static class EnhanceVerb
{
    private static readonly Option Plan = Option.Switch("--plan", "goes straight on to the blueprint");
    private static readonly Option Into = new("--into", "DIR", "where the parts of an agent file go; default agents");

    public static readonly Verb Verb = new("enhance", "TEXT|AGENT.md", "begins an epic on existing code, or takes an agent file apart into specialists")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Plan, Into, CommonOptions.Backend, ProgramOptions.Model, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Quiet, CommonOptions.Help],
        Run = static async (arguments, io) => arguments.Positionals[0].EndsWith(".md", StringComparison.OrdinalIgnoreCase) && File.Exists(io.PathOf(arguments.Positionals[0]))
            ? AgentParts.Write(arguments.Positionals[0], arguments.Get(Into) ?? "agents", arguments, io)
            : await EnhanceAsync(arguments, io),
    };

    private static async Task<int> EnhanceAsync(ParsedArguments arguments, CliIo io)
    {
        var wish = arguments.Positionals[0].Trim();
        if (wish.Length == 0) throw new UsageException("say what is to be better: hydra enhance \"TEXT\".");
        var root = io.PathOf(".");
        var survey = RepositorySurvey.Of(root);
        if (survey.Languages.Count == 0) throw new UsageException("there is no code here to enhance. Begin something new with `hydra new \"GOAL\"`.");
        var taken = Directory.Exists(io.PathOf(Epics.Folder)) ? Directory.EnumerateDirectories(io.PathOf(Epics.Folder)).Select(path => Path.GetFileName(path)!).ToHashSet(StringComparer.Ordinal) : [];
        var name = Slug.Of(wish, taken);
        using var ask = new AgentAsk(arguments, io);
        var brief = new Brief { Title = wish, Summary = wish, Problem = wish, Context = survey.ToText(), Success = [wish], Constraints = ["What works today keeps working."] };
        if (ask.IsOffline)
        {
            if (!arguments.Has(CommonOptions.Quiet)) io.Error.WriteLine("No model is configured: the analysis counts files and lines, and the brief is your own words.");
        }
        else
        {
            var task = ValueMap.Of(("wish", wish), ("survey", survey.ToValue()));
            var analysis = await ask.AskAsync("code-analyzer", $"Analyse this project for the wish below. The survey was counted from its files.\n{ValueJson.ToText(task, indented: true)}", name, "analysis", CancellationToken.None);
            brief = await Interview.BriefAsync(brief with { Context = $"{brief.Context}\n\n{analysis.ToDisplayText()}" }, name, ask, arguments, io) is var asked && asked.Context.Length > 0 ? asked : brief;
        }
        var file = Epics.PathOf(name, Epics.BriefFile);
        WholeFile.Write(io.PathOf(file), brief.ToMarkdown());
        if (arguments.Has(Plan)) return await PlanVerb.PlanAsync(name, ask, arguments, io);
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("epic", name), ("brief", file), ("survey", survey.ToValue())), indented: true));
        else
        {
            io.Out.WriteLine($"{name}: {file}");
            io.Error.WriteLine($"Next: hydra plan {name}");
        }
        return ExitCode.Done;
    }
}

/// <summary>A monolithic agent file as several: one agent for each of its sections that describes work, each with the tools that its words need and no others.</summary>
internal static class AgentParts
{
    private const int PartsMax = 20, WordsMin = 15;

    private static readonly (string Tool, string[] Words)[] Needs =
    [
        ("write_file", ["write", "edit", "create", "change", "generate", "refactor", "implement"]), ("bash", ["run", "execute", "build", "command", "shell", "install", "deploy"]),
        ("read_file", ["read", "file", "code", "document", "review", "analyse", "analyze"]), ("list_files", ["list", "folder", "project", "repository", "find"]),
        ("web_search", ["search", "research", "web", "internet"]), ("fetch", ["page", "url", "fetch", "web"]), ("sql", ["sql", "query", "database", "table"]),
    ];

    public static int Write(string given, string into, ParsedArguments arguments, CliIo io)
    {
        var problems = new ProblemList(given);
        if (Parsing.AgentFileReader.ReadFile(io.PathOf(given), problems) is not { } agent) throw new UsageException(problems.Problems[0].ToString());
        var holds = agent.Fields.GetOrNull("tools") is { IsList: true } listed ? listed.Items.Select(tool => tool.AsText).ToList() : [];
        var parts = PartsOf(agent.Fields["instructions"].AsText).Take(PartsMax).ToList();
        if (parts.Count < 2) throw new UsageException($"'{given}' has {parts.Count} section(s) that describe work of their own ('## Heading' and {WordsMin} words or more), so there is nothing to take apart.");
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var files = new List<(string File, string Text)>();
        foreach (var (heading, text) in parts)
        {
            var name = Slug.Of($"{agent.Name} {heading}", taken);
            taken.Add(name);
            var words = text.ToLowerInvariant();
            var tools = Needs.Where(need => holds.Contains(need.Tool) && need.Words.Any(word => words.Contains(word, StringComparison.Ordinal))).Select(need => need.Tool).ToList();
            var role = tools.Exists(tool => tool is "write_file" or "bash") ? "execute" : "plan";
            files.Add((Path.Combine(into, name + ".md"), $"---\nname: {name}\ndescription: {ValueJson.ToText($"{heading}: part of {agent.Name}.")}\nrole: {role}\nmodel: {(role == "execute" ? "balanced" : "strong")}\ntools: [{string.Join(", ", tools)}]\nescalates_to: super-hard-problem-developer\n---\n\n# {heading}\n\n{text.Trim()}\n\nDo this part only. Say what you did, what you did not, and what the next one needs to know.\n"));
        }
        foreach (var (file, _) in files.Where(file => File.Exists(io.PathOf(file.File)))) throw new UsageException($"'{file}' is there already, and nothing was written. Name another folder with --into.");
        foreach (var (file, text) in files) WholeFile.Write(io.PathOf(file), text);
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("agent", agent.Name), ("files", Value.OfTexts(files.Select(file => file.File)))), indented: true));
        else
        {
            foreach (var (file, _) in files) io.Out.WriteLine($"wrote {file}");
            io.Error.WriteLine("Each holds the tools that its words ask for, of those the whole held. Look through them, then `hydra agents lint`.");
        }
        return ExitCode.Done;
    }

    private static IEnumerable<(string Heading, string Text)> PartsOf(string instructions)
    {
        var (heading, text) = ("", new List<string>());
        foreach (var line in instructions.Split('\n').Append("## "))
        {
            if (!line.StartsWith("## ", StringComparison.Ordinal))
            {
                text.Add(line);
                continue;
            }
            var whole = string.Join('\n', text);
            if (heading.Length > 0 && whole.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length >= WordsMin) yield return (heading, whole);
            (heading, text) = (line[3..].Trim(), []);
        }
    }
}
