using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

/// <summary>Open work lies on a board; in each round every peer takes at most one task that its skills fit. The entry agent gives the answer.</summary>
internal static class BoardMode
{
    /// <summary>How many peers may fail at a task before it is left undone.</summary>
    private const int TriesMax = 2;
    private const string Bound = "board";

    private sealed record Task(string Text, string From, IReadOnlyList<string> Skills)
    {
        public string Key => new SwarmTurn("", "", Text, From, ValueMap.Empty, Skills).Key;
        public List<PlayedTurn> Tries { get; } = [];
        public PlayedTurn? Done => Tries.Find(turn => turn.Said is not null && turn.Refused.Count == 0);
        public string Problem => Tries.Count == 0 ? "" : Tries[^1].Said is null ? ChildResults.Words(Tries[^1].Outcome) : string.Join(" ", Tries[^1].Refused);
    }

    public static Advance Next(Swarm swarm)
    {
        var (plan, history) = (swarm.Plan, swarm.History);
        if (history.Turns.Count > 0 && history.Turns[^1].Turn.Id == FinalId) return AfterAnswer(swarm, history.Turns[^1]);
        var tasks = TasksOf(swarm.Plan, swarm.Goal, swarm.History);
        var open = tasks.Where(task => task.Done is null && task.Tries.Count(turn => turn.Said is null) < TriesMax).ToList();
        var turns = new List<SwarmTurn>();
        foreach (var task in open)
        {
            if (turns.Count == plan.Members.Count) break;
            if (TakerOf(plan, task, turns) is { } taker) turns.Add(new SwarmTurn($"task{tasks.IndexOf(task) + 1}", taker.Name, task.Text, task.From, ValueMap.Empty, task.Skills));
        }
        var results = tasks.Where(task => task.Done is not null).ToList();
        var lastAnswer = history.Turns.LastOrDefault(turn => turn.Said is not null);
        var isReached = lastAnswer is not null && swarm.IsReached(lastAnswer.Answer, lastAnswer.Said);
        if (turns.Count == 0 || history.Rounds == plan.RoundsMax || isReached || swarm.Context.StopWhenHeld) return Answer(swarm, tasks, results);
        return swarm.Open(turns, "Swarm/board", Bound, turn => NamesOf(swarm, turn, results, tasks.First(task => task.Text == turn.Task).Problem), swarm.AnswerFields.With("posts", PostsSchema));
    }

    private const string FinalId = "answer";

    /// <summary>The entry agent makes the answer of all results.</summary>
    private static Advance Answer(Swarm swarm, List<Task> tasks, List<Task> results)
    {
        if (results.Count == 0)
            return SwarmEnd.Short(swarm, Value.Null, "failure", $"nothing of the board was done: {string.Join("; ", tasks.Select(task => $"'{Excerpt.Of(task.Text)}' {(task.Problem.Length > 0 ? task.Problem : "fits nobody's skills")}"))}");
        if (results is [var only] && tasks.Count == 1) return SwarmEnd.Completed(swarm, only.Done!.Answer, "board_empty");
        var turn = new SwarmTurn(FinalId, swarm.Plan.Entry, "Give the final answer to the goal, made of the results so far.", "", ValueMap.Empty, []);
        return swarm.Open([turn], "Swarm/board", Bound, _ => NamesOf(swarm, turn, results, ""), swarm.AnswerFields);
    }

    private static Advance AfterAnswer(Swarm swarm, PlayedTurn final)
    {
        if (final.Said is null) return SwarmEnd.Short(swarm, Value.Null, "failure", $"'{final.Turn.Agent}' failed to give the answer: {ChildResults.Words(final.Outcome)}");
        var undone = TasksOf(swarm.Plan, swarm.Goal, swarm.History).Where(task => task.Done is null).ToList();
        if (undone.Count == 0) return SwarmEnd.Completed(swarm, final.Answer, "board_empty");
        var isFull = swarm.History.Rounds > swarm.Plan.RoundsMax;
        return SwarmEnd.Short(swarm, final.Answer, isFull ? "max_rounds" : "undone",
            $"{(isFull ? $"max_rounds {swarm.Plan.RoundsMax} is used up; " : "")}left undone: {string.Join("; ", undone.Select(task => $"'{Excerpt.Of(task.Text)}' {(task.Problem.Length > 0 ? task.Problem : "was taken by nobody")}"))}", undone: [.. Undone(swarm.Plan, swarm.Goal, swarm.History)]);
    }

    private static ValueMap NamesOf(Swarm swarm, SwarmTurn turn, List<Task> results, string problem) => ValueMap.Of(
        ("agent", turn.Agent), ("goal", swarm.Goal), ("task", turn.Task), ("context", swarm.History.Context.Shown()),
        ("results", Value.Of(results.Select(task => Value.Of(ValueMap.Of(("task", task.Text), ("result", task.Done!.Answer.ToDisplayText())))))),
        ("skills", turn.Id == FinalId ? Value.EmptyList : Value.OfTexts(swarm.Plan.Members.SelectMany(member => member.Skills).Distinct(StringComparer.Ordinal).ToList())), ("problem", problem));

    /// <summary>What lies on the board without a result, each task in a line.</summary>
    public static IEnumerable<string> Undone(SwarmPlan plan, string goal, SwarmHistory history) =>
        TasksOf(plan, goal, history).Where(task => task.Done is null).Select(task => Excerpt.Of(task.Text, SwarmEnd.TaskCharsMax));

    /// <summary>The board as it came to be: the goal, then what was posted, each task once, with who tried it.</summary>
    private static List<Task> TasksOf(SwarmPlan plan, string goal, SwarmHistory history)
    {
        var tasks = new List<Task> { new(goal, "", []) };
        foreach (var turn in history.Turns.Where(turn => turn.Turn.Id != FinalId))
        {
            tasks.Find(task => task.Key == turn.Turn.Key)?.Tries.Add(turn);
            if (turn.Said?.GetOrNull("posts") is not { IsList: true } posts || turn.Refused.Count > 0) continue;
            foreach (var post in posts.Items.Select(post => post.AsObject))
            {
                var task = new Task(post["task"].AsText, turn.Turn.Agent, post.GetOrNull("skills") is { IsList: true } skills ? [.. skills.Items.Select(skill => skill.AsText)] : []);
                if (tasks.Count < plan.TasksMax && tasks.TrueForAll(known => known.Key != task.Key)) tasks.Add(task);
            }
        }
        return tasks;
    }

    /// <summary>The free peer that fits best: by the skills the task takes, else by likeness; the entry agent for what fits all alike. Null: nobody.</summary>
    private static CrewMember? TakerOf(SwarmPlan plan, Task task, List<SwarmTurn> taken)
    {
        var free = plan.Members.Where(member => taken.TrueForAll(turn => turn.Agent != member.Name) && !task.Tries.Exists(turn => turn.Said is null && turn.Turn.Agent == member.Name)).ToList();
        if (task.From.Length == 0 && free.Find(member => member.Name == plan.Entry) is { } first) return first;
        if (task.Skills.Count > 0)
        {
            return free.Where(member => member.Skills.Any(task.Skills.Contains)).OrderByDescending(member => member.Skills.Count(task.Skills.Contains)).FirstOrDefault();
        }
        var likeness = Similarity.Of(task.Text, [.. free.Select(member => member.Description)]);
        return Enumerable.Range(0, free.Count).OrderByDescending(i => likeness[i]).ThenByDescending(i => free[i].Name == plan.Entry).Select(i => free[i]).FirstOrDefault();
    }

    private static readonly Value PostsSchema = Value.ParseJson("""{"type": ["array", "null"], "items": {"type": "object", "required": ["task"], "properties": {"task": {"type": "string"}, "skills": {"type": "array", "items": {"type": "string"}}}}}""");
}
