using Hydra.Agents.Routing;
using Hydra.Model;

namespace Hydra.Agents.Lifecycle;

/// <summary>
/// Plans without a model: one task for each measure of success, between a design and the checks that every project needs. The same brief
/// gives the same plan. It knows nothing of the work itself, and whoever shows its plan says so.
/// </summary>
public static class TemplatePlanner
{
    /// <summary>Measures of success that become tasks of their own; further ones are listed as uncovered.</summary>
    public const int WorkMax = 40;
    private const int HeadlineMax = 60;

    /// <param name="hasCode">The project holds code already, so it is read before anything is designed.</param>
    public static TaskPlan Plan(Brief brief, SpecialistRouter router, bool hasCode)
    {
        var tasks = new List<TaskDraft>();
        var goals = brief.Success.Count > 0 ? brief.Success : [brief.Problem.Length > 0 ? brief.Problem : brief.Title];
        var first = hasCode
            ? Draft("survey", "Survey of the code", $"Read the existing code and say what is there that '{brief.Title}' touches, what must not break, and where new parts belong.", "code-analyzer", [], 30, ["a map of the parts concerned"], ["Every part that the goals touch is named with its path."])
            : Draft("requirements", "Requirements", $"Turn the brief into requirements that can be checked one by one: {brief.Summary}", "product-manager", [], 30, ["requirements, each with a check"], ["Every goal of the brief has at least one requirement."]);
        tasks.Add(first);
        tasks.Add(Draft("design", "Design", $"Decide how '{brief.Title}' is built: parts, interfaces, data, and in which order. Constraints: {Joined(brief.Constraints)}", "backend-architect", [first.Id], 60, ["decisions with their reasons", "interfaces of the parts"], ["Parts can be built at the same time from the interfaces alone."]));
        var work = new List<string>();
        foreach (var goal in goals.Take(WorkMax))
        {
            var id = Slug.Of(goal, tasks.Select(task => task.Id).ToHashSet(StringComparer.Ordinal));
            var choice = router.Choose(goal, brief.AllText, set: 2);
            tasks.Add(Draft(id, Headline(goal), goal, choice.Agent, ["design"], 90, ["the finished part"], [goal]) with { Reason = choice.Reason });
            work.Add(id);
        }
        tasks.Add(Draft("documentation", "Documentation", $"Describe what was built for those who use it: {Joined(brief.Users)}", "technical-writer", work, 45, ["user documentation"], ["Every goal of the brief can be reached by following it."]));
        return new TaskPlan(tasks) { Uncovered = [.. goals.Skip(WorkMax)], Assumptions = ["Planned from a template, one task for each measure of success; estimates are the template's."] };
    }

    private static TaskDraft Draft(string id, string name, string description, string agent, IReadOnlyList<string> after, double minutes, IReadOnlyList<string> outputs, IReadOnlyList<string> acceptance) =>
        new() { Id = id, Name = name, Description = description, Agent = agent, DependsOn = after, EstimateMinutes = minutes, Outputs = outputs, Acceptance = acceptance, Reason = "template" };

    private static string Headline(string goal) => goal.Length <= HeadlineMax ? goal.TrimEnd('.') : goal[..(HeadlineMax - 2)].TrimEnd() + " …";

    private static string Joined(IReadOnlyList<string> items) => items.Count == 0 ? "none were stated." : string.Join("; ", items);
}

/// <summary>Names out of words.</summary>
public static class Slug
{
    private const int LengthMax = 40, WordsMax = 5;
    private static readonly string[] Fillers = ["a", "an", "the", "of", "for", "to", "and", "or", "in", "on", "with", "that", "is", "are", "can", "be", "my", "our", "we", "i", "want", "need", "please"];

    /// <summary>A name of at most 40 letters, digits and '-', beginning with a letter, that is not among those <paramref name="taken"/>.</summary>
    public static string Of(string text, IReadOnlySet<string> taken)
    {
        var plain = new string([.. text.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ')]);
        var words = plain.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var telling = words.Except(Fillers, StringComparer.Ordinal).Take(WordsMax).ToList();
        var name = string.Join('-', telling.Count > 0 ? telling : words.Take(WordsMax));
        if (name.Length > LengthMax) name = name[..LengthMax].TrimEnd('-');
        if (name.Length == 0 || !char.IsAsciiLetter(name[0])) name = ("t-" + name).TrimEnd('-');
        if (ReservedNames.Contains(name)) name += "-task";
        var free = name;
        for (var i = 2; taken.Contains(free); i++) free = $"{name}-{i}";
        return free;
    }
}
