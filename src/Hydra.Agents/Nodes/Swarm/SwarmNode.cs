using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

/// <summary>Peers work on a goal without a manager: they hand it to each other, take open work from a board, or debate.</summary>
public sealed partial class SwarmNode : INodeType
{
    public string Name => "swarm";
    public string Description => "Peers hand work to each other, take it from a board, or debate; the result is the answer and the trail of who did what.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("agents", Crew.Shape, "The peers: agent names, or agents defined in place (the keys of an agent file).") { IsRequired = true },
        new("goal", new Shape.Template(), "What is to be achieved.") { IsRequired = true },
        new("mode", new Shape.Choice("handoff", "board", "debate"), "handoff: one works and hands on; board: open work is taken by those whose skills fit; debate: all answer, in rounds. Default: handoff."),
        new("entry", new Shape.Text(), "Who begins, and with a board who gives the answer. Default: the first of the agents."),
        new("handoffs", new Shape.MapOf(new Shape.ListOf(new Shape.Text(), 200)), "Who may hand work to whom. Default: everybody to everybody."),
        new("max_handoffs", new Shape.Integer(0, 1000), "Most hand-offs. Default: 10."),
        new("max_rounds", new Shape.Integer(1, 1000), "Most rounds of a board (10) or a debate (3)."),
        new("max_tasks", new Shape.Integer(1, 1000), "Most tasks that may ever be on a board. Default: 20."),
        new("converge", new Shape.Choice("vote", "judge", "score"), "How a debate is decided: by what most agents support, by a judge, or by the judge's scores. Default: vote."),
        new("judge", new Shape.Text(), "The agent that judges. Default: the node's model."),
        new("until", new Shape.Expression(), "Ends the swarm when true; sees `answer`, `confidence`, `turns` (how many), `round` and `context`.") { ExtraNames = ["answer", "confidence", "turns", "round", "context"] },
        new("shared_context", new Shape.Templates(), "What the agents know together at the beginning: a map of values. Each key has a version; a write counts only where its writer had read the present one."),
        .. AgentCall.Fields,
    ];

    public IReadOnlyList<string> FragmentFields { get; } = [.. AgentCall.Fields.Select(field => field.Name)];
    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public void Check(NodeSpec node, CheckContext context)
    {
        var members = Crew.Of(node, "agents", context.Workflow).Select(member => member.Name).ToList();
        if (members.Count < 2)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("agents"), $"node '{node.Id}' has {members.Count} agent(s), and a swarm takes at least two. Use an `agent` node for one.");
        Crew.CheckNames(node, "agents", Crew.Texts(node, "agents"), context);
        if (node.Fields.GetOrNull("entry").TextOrNull is { } entry) Known(entry, "entry");
        if (node.Fields.GetOrNull("handoffs") is { IsObject: true } matrix)
        {
            foreach (var (from, to) in matrix.AsObject)
            {
                Known(from, "handoffs");
                foreach (var target in to.Items) Known(target.AsText, "handoffs");
            }
        }
        if (node.Fields.GetOrNull("shared_context") is { IsNull: false, IsObject: false })
            context.Problems.Error(ProblemCodes.WrongType, node.PlaceOf("shared_context"), $"the `shared_context` of '{node.Id}' is no map. Write 'key: value' lines.");
        foreach (var (field, mode) in new[] { ("handoffs", "handoff"), ("max_handoffs", "handoff"), ("max_tasks", "board"), ("converge", "debate"), ("judge", "debate") })
        {
            if (node.Fields.ContainsKey(field) && ModeOf(node) != mode)
                context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf(field), $"node '{node.Id}' has `{field}`, which only 'mode: {mode}' uses. Change the mode, or remove the line.");
        }

        if (node.Fields.GetOrNull("handoffs") is { IsObject: true } chain && chain.AsObject.Values.All(to => to.Items.Count <= 1) && !ComesRound(chain.AsObject))
            context.Problems.Note(ProblemCodes.SimplerPattern, node.PlaceOf("handoffs"), $"the hand-offs of '{node.Id}' form a chain. `agent` nodes with `depends_on` do the same in a known order.");

        void Known(string name, string field)
        {
            if (!members.Contains(name)) context.Problems.Error(ProblemCodes.UnknownAgent, node.PlaceOf(field), $"node '{node.Id}' names '{name}' in `{field}`, who is none of its agents.{DidYouMean.Hint(name, members)} Write one of {string.Join(", ", members)}.");
        }
    }

    /// <summary>Each agent as it will be asked; and <c>judge</c>, where a debate has one.</summary>
    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node)
    {
        var fragments = new List<FragmentSpec>();
        if (ModeOf(node) == "debate" && node.Fields.GetOrNull("converge").TextOrNull is "judge" or "score" && node.Fields.GetOrNull("goal") is { IsNull: false } goal)
        {
            var prompt = goal.ToDisplayText() + "\n" + PromptFile.Read("Swarm/judge");
            fragments.Add(new("judge", [node.Fields.GetOrNull("judge").TextOrNull is { } judge ? AgentCall.OfAgent(node, "judge", judge, prompt, JudgeSchema) : AgentCall.Of(node, "judge", prompt, JudgeSchema, "goal")]) { MayShadow = true, Names = ["judging"] });
        }
        fragments.AddRange(Crew.Fragments(node, "agents", "agent"));
        return fragments;
    }

    private static bool ComesRound(ValueMap chain)
    {
        foreach (var start in chain.Keys)
        {
            var at = start;
            for (var steps = 0; steps <= chain.Count && chain.TryGetValue(at, out var next) && next.Items.Count > 0; steps++)
            {
                at = next.Items[0].AsText;
                if (at == start) return true;
            }
        }
        return false;
    }

    private static string ModeOf(NodeSpec node) => node.Fields.GetOrNull("mode").TextOrNull ?? "handoff";

    private static readonly Value JudgeSchema = Value.ParseJson("""
        {"type": "object", "required": ["scores", "winner", "why"], "properties": {
          "scores": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}},
          "winner": {"type": "string"}, "why": {"type": "string"}}}
        """);
}
