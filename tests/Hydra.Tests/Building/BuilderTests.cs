using Hydra.Model;
using Hydra.Parsing;
using Hydra.Tests.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Building;

public class BuilderTests
{
    private const string Small = "claude-haiku-4-5-20251001", Strong = "claude-sonnet-4-6";

    public static TheoryData<string> Names() => [.. Doors.Keys];

    private static readonly Dictionary<string, Func<WorkflowBuilder>> Doors = new(StringComparer.Ordinal)
    {
        ["research.yaml"] = Research,
        ["map_reduce.yaml"] = MapReduce,
        ["chain.yaml"] = Chain,
        ["approval_flow.yaml"] = ApprovalFlow,
        ["evaluator.yaml"] = Evaluator,
        ["loop.yaml"] = Loop,
        ["subgraph.yaml"] = Subgraph,
        ["subgraph_child.yaml"] = SubgraphChild,
        ["summarise_folder.yaml"] = SummariseFolder,
    };

    [Fact]
    public void Every_example_is_built_here() => Assert.Equal(ExampleTests.Files().Select(row => row.Data).Order(), Doors.Keys.Order());

    [Theory, MemberData(nameof(Names))]
    public void The_same_graph_has_the_same_hash_through_both_doors(string example)
    {
        var (fromFile, _) = WorkflowParser.ParseFile(TestFiles.Example(example), TestTypes.All);
        var built = Doors[example]().Build(TestTypes.All);
        Assert.Equal(System.Text.Encoding.UTF8.GetString(fromFile!.Canonical.Span), System.Text.Encoding.UTF8.GetString(built.Canonical.Span));
        Assert.Equal(fromFile.Hash, built.Hash);
        Assert.False(WorkflowValidator.Check(built, TestTypes.All).HasErrors);
    }

    [Fact]
    public void A_graph_that_cannot_be_bound_throws_with_every_problem()
    {
        var error = Assert.Throws<ArgumentException>(() => Workflow.Create("a").Agent("x", node => node.Prompt("Hi").Model("m").Temperature(9)).Node("y", "st", _ => { }).Build(TestTypes.All));
        Assert.Contains("HYD123 workflow: node 'x', `temperature` is 9", error.Message);
        Assert.Contains("HYD125 workflow: node 'y' has the type 'st'", error.Message);
    }

    private static string Text(string file, string node, params string[] path)
    {
        var (spec, _) = WorkflowParser.ParseFile(TestFiles.Example(file), TestTypes.All);
        var at = spec!.Nodes.Single(each => each.Id.Text == node);
        for (var i = 0; i < path.Length - 1; i++) at = at.Children[path[i]].Single();
        return at.Fields[path[^1]].AsText;
    }

    private static WorkflowBuilder Research()
    {
        var workflow = Workflow.Create("research")
            .Description("Parallel three-angle research on a topic, synthesized by Opus.")
            .Budget(maxTokens: 50_000, maxUsd: 2);
        foreach (var angle in (string[])["research_a", "research_b", "research_c"])
            workflow.Agent(angle, node => node.Model(Small).MaxOutputTokens(1500).Prompt(Text("research.yaml", angle, "prompt")));
        return workflow.Agent("synthesizer", node => node.Model(Strong).MaxOutputTokens(3000)
            .DependsOn("research_a", "research_b", "research_c").Prompt(Text("research.yaml", "synthesizer", "prompt")));
    }

    private static WorkflowBuilder MapReduce() => Workflow.Create("map_reduce")
        .Description("Fan-out over a list with a `map` node, then reduce the results with a synthesizer agent.\n")
        .Map("summaries", node => node.Over("topics", "topic").Model(Small).Field("max_concurrency", 3).Prompt(Text("map_reduce.yaml", "summaries", "prompt")))
        .Agent("synthesize", node => node.DependsOn("summaries").Model(Strong).Prompt(Text("map_reduce.yaml", "synthesize", "prompt")));

    private static WorkflowBuilder Chain() => Workflow.Create("chain").Description("Three agents, one after the other.")
        .Agent("fetch_data", node => node.Model(Small).Prompt("Fetch the latest stats for {{ topic }}."))
        .Agent("clean_data", node => node.Model(Small).DependsOn("fetch_data").Prompt("Clean and normalize: {{ fetch_data }}"))
        .Agent("write_report", node => node.Model(Strong).DependsOn("clean_data").Prompt("Write a report from: {{ clean_data }}"));

    private static WorkflowBuilder ApprovalFlow() => Workflow.Create("approval_flow")
        .Description("A draft is published only after a person has approved it; the figures beside it need nobody.")
        .Input("topic", byDefault: "the new release")
        .Set("draft", "Announcement: {{ topic }} is here.")
        .Set("figures", "{{ topic | length }} characters")
        .Node("review", "approval_gate", node => node.DependsOn("draft").Field("prompt_to_human", "Publish this announcement of {{ topic }}?")
            .Field("show", Value.OfTexts(["draft"])).Field("timeout_seconds", 259200).Field("remind_after_seconds", 86400).Field("on_reject", "fail"))
        .Node("channel", "user_input", node => node.DependsOn("review").Field("prompt", "Where shall it go?").Field("input_type", "select")
            .Field("options", Value.OfTexts(["blog", "newsletter", "both"])).Field("default", "blog"))
        .Set("publish", "{{ draft }} ({{ channel }}, {{ figures }}, approved by {{ review.approver }})", node => node.DependsOn("draft", "figures", "review", "channel"));

    private static WorkflowBuilder Evaluator() => Workflow.Create("evaluator")
        .Description("Writes a product description and improves it until a second model approves.")
        .Input("product", description: "What is being sold, in a few words.")
        .Input("audience", byDefault: "people who have never bought one before")
        .EvaluatorLoop("polish", node => node.Field("max_iterations", 3).Field("threshold", 0.8).Field("on_exhausted", "accept_best")
            .Inline("generator", agent => agent.Model(Small).MaxOutputTokens(600).Prompt(Text("evaluator.yaml", "polish", "generator", "prompt")))
            .Inline("evaluator", agent => agent.Model(Strong).MaxOutputTokens(400).Prompt(Text("evaluator.yaml", "polish", "evaluator", "prompt"))))
        .Agent("headline", node => node.Model(Small).MaxOutputTokens(60).DependsOn("polish").Prompt(Text("evaluator.yaml", "headline", "prompt")));

    private static WorkflowBuilder Loop() => Workflow.Create("loop").Description("Shortens a text round by round until it fits.")
        .Input("text", description: "The text to shorten.").Input("max_words", InputType.Integer, byDefault: 60)
        .Loop("shorten", node => node.Field("max_iterations", 5).Field("until", "draft | wordcount <= max_words").Field("on_exhausted", "accept_last")
            .Body(("draft", "agent", agent => agent.Model(Small).MaxOutputTokens(800).Prompt(Text("loop.yaml", "shorten", "body", "prompt")))))
        .Set("result", Value.Of(ValueMap.Of(("words", "{{ shorten | wordcount }}"), ("text", "{{ shorten }}"))), node => node.DependsOn("shorten"));

    private static WorkflowBuilder Subgraph() => Workflow.Create("subgraph")
        .Description("Runs another workflow file twice, side by side, and compares the results.")
        .Input("first", description: "The first topic.").Input("second", description: "The second topic.")
        .Subgraph("left", "subgraph_child.yaml", node => node.Field("inputs", Value.Of(ValueMap.Of(("topic", "{{ first }}")))))
        .Subgraph("right", "subgraph_child.yaml", node => node.Field("inputs", Value.Of(ValueMap.Of(("topic", "{{ second }}")))))
        .Agent("compare", node => node.Model(Strong).MaxOutputTokens(800).DependsOn("left", "right").Prompt(Text("subgraph.yaml", "compare", "prompt")));

    private static WorkflowBuilder SubgraphChild() => Workflow.Create("subgraph_child")
        .Description("Writes a short note on a topic; used by subgraph.yaml.")
        .Input("topic", description: "What the note is about.")
        .Agent("facts", node => node.Model(Small).MaxOutputTokens(400).Prompt("List five plain facts about {{ topic }}."))
        .Agent("note", node => node.Model(Small).MaxOutputTokens(300).DependsOn("facts").Prompt("Write one paragraph about {{ topic }} from these facts alone:\n{{ facts }}\n"));

    private static WorkflowBuilder SummariseFolder()
    {
        var (file, _) = WorkflowParser.ParseFile(TestFiles.Example("summarise_folder.yaml"), TestTypes.All);
        const string File = "summarise_folder.yaml";
        return Workflow.Create("summarise_folder").Version("1")
            .Description("Summarises every text of a folder, draws a table from the summaries and writes a report.")
            .Input("folder", byDefault: "examples/documents", description: "Folder with .txt files.")
            .Input("question", byDefault: "What do these subjects have in common, and what sets each apart?", description: "What the report should answer.")
            .Budget(maxTokens: 200_000, maxUsd: 1)
            .Model("small", Small).Model("strong", Strong, Small)
            .Python("documents", Text(File, "documents", "code"), node => node.Field("effect", "pure").Timeout(TimeSpan.FromSeconds(30)))
            .Map("summaries", node => node.DependsOn("documents").Over("documents", "document").Model("small").Field("max_concurrency", 4).MaxOutputTokens(300).Prompt(Text(File, "summaries", "prompt")))
            .Agent("table", node => node.DependsOn("documents", "summaries").Model("small").MaxOutputTokens(1500)
                .OutputSchema(file!.Nodes.Single(each => each.Id.Text == "table").Policy.OutputSchema!.Value).Prompt(Text(File, "table", "prompt")))
            .Agent("report", node => node.DependsOn("summaries", "table").Model("strong").MaxOutputTokens(2000).Prompt(Text(File, "report", "prompt")))
            .Output("out/report.md", "report").Output("out/table.json", "table");
    }
}
