using System.Text.RegularExpressions;

namespace Hydra.Agents.Tests.Patterns;

/// <summary>
/// A workflow of a few patterns side by side, drawn from a seed, and models that say the same whenever they are asked the same. Its
/// workers call the tool <c>act</c> with the name of their task; some of them fail, before or after that.
/// </summary>
internal sealed partial class PatternScenario
{
    private static readonly string[] Kinds = ["planner", "coordinator", "supervisor", "handoff", "board", "debate", "router", "detour"];
    private readonly int _seed;
    private readonly bool _failsBeforeActing;
    private readonly Dictionary<string, Func<string, string>> _minds = [];

    /// <param name="failsBeforeActing">No worker fails that has acted, so that no task is rightly acted on twice.</param>
    public PatternScenario(int seed, bool failsBeforeActing)
    {
        (_seed, _failsBeforeActing) = (seed, failsBeforeActing);
        var random = new Random(seed);
        var nodes = "";
        var parts = 1 + random.Next(3);
        for (var i = 0; i < parts; i++)
        {
            var part = $"p{i}";
            // Every kind comes first in turn, so that a few seeds meet all of them.
            nodes += Part(part, i == 0 ? Kinds[seed % Kinds.Length] : Kinds[random.Next(Kinds.Length)], random);
        }
        var names = Enumerable.Range(0, parts).Select(i => $"p{i}").ToList();
        File = $$"""
            name: campaign
            agents:
              worker: {model: m, tools: [act], description: works}
              other: {model: m, tools: [act], description: works too, skills: [rare]}
              boss: {model: m, tools: [act]}
            nodes:
            {{nodes}}
              - {id: last, type: set, depends_on: [{{string.Join(", ", names)}}], join: all_done, value: "{{string.Join(" | ", names.Select(name => $"{{{{ nodes['{name}'].output | default('nothing') | tojson }}}}"))}}"}

            """;
    }

    public string File { get; }
    public HashSet<string> Met { get; } = [];

    /// <summary>A worker acts first and then answers; whoever decides answers at once.</summary>
    public AIContent[] Answer(ChatMessage[] messages)
    {
        var prompt = messages.Last(message => message.Role == ChatRole.User).Text;
        var part = PartName().Match(prompt).Value;
        if (TaskName().Match(prompt) is not { Success: true } work || IsDecision(prompt)) return Say(_minds[part](prompt));
        var again = prompt.Contains("tried before", StringComparison.Ordinal);
        var luck = again ? 9 : new Random(HashCodeOf(work.Value)).Next(10);
        var hasActed = messages.Any(message => message.Role == ChatRole.Tool);
        if (luck == 0 || (luck == 1 && hasActed && !_failsBeforeActing)) throw new CallFailedException(ErrorCode.Auth, $"{work.Value} has no access");
        return hasActed ? Say(Said(prompt, work.Value)) : [Call("act", ("task", work.Value))];
    }

    private static bool IsDecision(string prompt) => Decisions.Any(words => prompt.Contains(words, StringComparison.Ordinal));

    private static readonly string[] Decisions =
        ["Plan this work as a graph", "You coordinate this work", "You own the answer", "You supervise", "Several agents answered", "one of several peers", "Routes:", "Choose one"];

    private string Said(string prompt, string task) => $"<{task} {prompt.Length + (_seed % 3)}>";

    /// <summary>The same in every process, which <see cref="string.GetHashCode()"/> is not.</summary>
    private int HashCodeOf(string text) => text.Aggregate(_seed, (hash, letter) => unchecked((hash * 31) + letter));

    private string Part(string part, string kind, Random random)
    {
        Met.Add(kind);
        var count = 2 + random.Next(3);
        var head = $"  - id: {part}\n    type: {(kind is "handoff" or "board" or "debate" ? "swarm" : kind == "detour" ? "agent" : kind)}\n    on_failure: continue\n";
        switch (kind)
        {
            case "planner":
            {
                var plan = PlanOf(part, count, random);
                var onBad = (string[])["replan", "retry", "skip", "escalate"];
                _minds[part] = prompt => prompt.Contains("This went wrong", StringComparison.Ordinal) ? Rest(part) : plan;
                return head + $"    model: m\n    prompt: \"Reach [{part}].\"\n    allowed_agents: [worker, other]\n    escalate_to: boss\n    monitor: {{on_bad: {onBad[random.Next(4)]}}}\n";
            }
            case "detour":
                _minds[part] = _ => Rest(part);
                return head + $"    agent: worker\n    prompt: \"do {part}t0 [{part}]\"\n    fallback: {{plan: {{allowed_agents: [other]}}}}\n";
            case "coordinator":
            {
                var rounds = random.Next(2);
                _minds[part] = prompt => prompt.Contains("You own the answer", StringComparison.Ordinal)
                    ? rounds == 1 && !prompt.Contains($"{part}t9", StringComparison.Ordinal) ? """{"answer": "part", "enough": false, "missing": "one"}""" : $$"""{"answer": "all {{prompt.Length}}", "enough": true}"""
                    : prompt.Contains("Still missing", StringComparison.Ordinal) ? $$"""{"tasks": [{"id": "more", "worker": "other", "task": "do {{part}}t9"}]}"""
                    : $$"""{"tasks": [{{string.Join(", ", Enumerable.Range(0, count).Select(i => $$"""{"id": "t{{i}}", "worker": "{{(i % 2 == 0 ? "worker" : "other")}}", "task": "do {{part}}t{{i}}"}"""))}}]}""";
                return head + $"    model: m\n    goal: \"Reach [{part}].\"\n    workers: [worker, other]\n";
            }
            case "supervisor":
                _minds[part] = prompt => prompt.Contains("look at its results", StringComparison.Ordinal) ? """{"decision": "continue", "why": "fine"}"""
                    : prompt.Contains("You supervised", StringComparison.Ordinal) ? $"report {prompt.Length}"
                    : prompt.Contains("This went wrong", StringComparison.Ordinal) ? $$"""{"reasoning": "r", "stages": [{"steps": [{"id": "t8", "team": "one", "task": "do {{part}}t8"}]}]}"""
                    : $$"""{"reasoning": "r", "stages": [{"steps": [{"id": "t0", "team": "one", "task": "do {{part}}t0"}, {"id": "t1", "team": "two", "task": "do {{part}}t1"}]}, {"steps": [{"id": "t2", "team": "two", "task": "do {{part}}t2", "needs": ["t0"]}]}]}""";
                return head + $"    model: m\n    goal: \"Reach [{part}].\"\n    teams:\n      - {{id: one, type: agent, agent: worker, prompt: \"{{{{ task }}}}\"}}\n      - {{id: two, type: agent, agent: other, prompt: \"{{{{ task }}}}\"}}\n";
            case "handoff":
                _minds[part] = prompt => prompt.Contains("Your task: end", StringComparison.Ordinal) ? """{"answer": "ended"}"""
                    : prompt.Contains("You are 'worker'", StringComparison.Ordinal) ? """{"handoff": {"to": "other", "task": "go on"}, "writes": [{"key": "n", "value": 1, "version": 0}]}"""
                    : """{"handoff": {"to": "worker", "task": "end"}, "writes": [{"key": "n", "value": 2, "version": 1}]}""";
                return head + $"    goal: \"Reach [{part}].\"\n    agents: [worker, other]\n    entry: worker\n";
            case "board":
                _minds[part] = prompt => prompt.Contains("final answer", StringComparison.Ordinal) ? $$"""{"answer": "all {{prompt.Length}}"}"""
                    : prompt.Contains("Your task: Reach", StringComparison.Ordinal) ? """{"answer": "split", "posts": [{"task": "easy"}, {"task": "hard", "skills": ["rare"]}, {"task": "simple"}]}"""
                    : """{"answer": "did it"}""";
                return head + $"    goal: \"Reach [{part}].\"\n    mode: board\n    agents: [worker, other]\n    entry: worker\n";
            case "debate":
                _minds[part] = prompt => prompt.Contains("Several agents answered", StringComparison.Ordinal) ? """{"scores": {"worker": 0.2, "other": 0.9}, "winner": "other", "why": "better"}"""
                    : $$"""{"answer": "{{(prompt.Contains("You are 'worker'", StringComparison.Ordinal) ? "A" : "B")}}"}""";
                return head + $"    goal: \"Reach [{part}].\"\n    mode: debate\n    agents: [worker, other]\n    max_rounds: 2\n    converge: judge\n    model: m\n";
            default:
                _minds[part] = _ => """{"route": "left", "confidence": 0.9, "why": "it is left"}""";
                return head + $"    model: m\n    strategy: model\n    input: \"Reach [{part}].\"\n    routes: {{left: {{description: Choose one}}, right: {{description: the other}}}}\n";
        }
    }

    private static string PlanOf(string part, int count, Random random)
    {
        var nodes = Enumerable.Range(0, count).Select(i =>
        {
            var parents = Enumerable.Range(0, i).Where(_ => random.Next(2) == 0).ToList();
            var reads = string.Concat(parents.Select(parent => $" {{{{ t{parent} }}}}"));
            return $$"""{"id": "t{{i}}", "type": "agent", "agent": "{{(i % 2 == 0 ? "worker" : "other")}}", "depends_on": [{{string.Join(", ", parents.Select(parent => $"\"t{parent}\""))}}], "prompt": "do {{part}}t{{i}} of{{reads}}"}""";
        });
        return $$"""{"reasoning": "r", "nodes": [{{string.Join(", ", nodes)}}]}""";
    }

    private static string Rest(string part) => $$"""{"reasoning": "another way", "nodes": [{"id": "rest", "type": "agent", "agent": "other", "prompt": "do {{part}}t7"}]}""";

    [GeneratedRegex(@"\bp\d(?=\b|t)", RegexOptions.None, 250)]
    private static partial Regex PartName();

    [GeneratedRegex(@"\bp\dt\d\b", RegexOptions.None, 250)]
    private static partial Regex TaskName();
}
