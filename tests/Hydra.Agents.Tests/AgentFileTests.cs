using Hydra.Agents.Files;
using Hydra.Parsing;
using Hydra.Tracing;

namespace Hydra.Agents.Tests;

public sealed class AgentFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-agents-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private const string Critic = """
        ---
        name: critic
        description: Finds what is wrong.
        model: m
        tools: [look]
        outputs: {type: object, required: [verdict]}
        forbidden: [praise]
        ---
        You are strict.
        """;

    private static (AgentFile? Agent, IEnumerable<string> Problems) Read(string text, string name = "critic.md")
    {
        var problems = new ProblemList(name);
        return (AgentFileReader.Read(text, name, problems), problems.Problems.Select(problem => problem.ToString()));
    }

    private string Write(string path, string text)
    {
        var file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }

    [Fact]
    public void Front_matter_and_the_text_below_it_make_an_agent()
    {
        var (agent, problems) = Read(Critic);
        Assert.Empty(problems);
        Assert.Equal(("critic", "Finds what is wrong.", "You are strict."), (agent!.Name, agent.Description, agent.Fields["instructions"].AsText));
    }

    [Fact]
    public void The_version_changes_with_meaning_and_not_with_layout()
    {
        var same = Critic.Replace("description: Finds what is wrong.\nmodel: m", "# a comment\nmodel: m\ndescription: Finds what is wrong.", StringComparison.Ordinal);
        Assert.Equal(Read(Critic).Agent!.Hash, Read(same).Agent!.Hash);
        Assert.NotEqual(Read(Critic).Agent!.Hash, Read(Critic.Replace("strict", "kind", StringComparison.Ordinal)).Agent!.Hash);
    }

    [Fact]
    public void Files_of_other_programs_are_read_with_a_warning_for_what_they_say_more()
    {
        var (agent, problems) = Read("---\nname: critic\ndescription: d\ntools: Read, Bash\nmodel: inherit\ncolor: red\n---\nGo.");
        Assert.Equal("""["Read","Bash"]""", agent!.Fields["tools"].ToJson());
        Assert.False(agent.Fields.ContainsKey("model"));
        Assert.StartsWith("HYD120 critic.md:6:1: warning: agents have no key 'color'", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("just text", "HYD115 critic.md:1:1")]
    [InlineData("---\nname: critic\ndescription: d\nrole: boss\n---\nx", "HYD124 critic.md:4:7")]
    [InlineData("---\nname: critic\n---\nx", "HYD121 critic.md:1:1: the agent needs the field 'description'")]
    [InlineData("---\nname: critic\ndescription: d\n---\n", "HYD121 critic.md:1:1: the agent has no instructions")]
    [InlineData("---\nname: critic\ndescription: d\nmax_output_tokens: 0\n---\nx", "HYD123 critic.md:4:20")]
    [InlineData("---\nname: critic\ndescription: d\nrpm: 0\n---\nx", "HYD123 critic.md:4:6")]
    public void What_is_wrong_is_told_with_its_place(string text, string problem) =>
        Assert.StartsWith(problem, Assert.Single(Read(text).Problems), StringComparison.Ordinal);

    [Fact]
    public void What_comes_with_hydra_stands_below_every_file()
    {
        var registry = AgentRegistry.Of(null, Path.Combine(_folder, "work"), null);
        Assert.Equal("built in", registry.Get("editor")!.Folder.Origin);
        Write("work/agents/editor.md", Critic.Replace("name: critic", "name: editor", StringComparison.Ordinal));
        Assert.Equal("project", registry.Get("editor")!.Folder.Origin);
        Assert.Equal(["project False", "built in True"], registry.All().Where(agent => agent.Name == "editor").Select(agent => $"{agent.Folder.Origin} {agent.IsShadowed}"));
        Assert.Null(registry.Get("../editor"));
    }

    [Fact]
    public void The_project_s_file_goes_before_the_user_s()
    {
        Write("home/.hydra/agents/critic.md", Critic);
        Write("work/.claude/agents/critic.md", Critic);
        Write("work/agents/critic.md", Critic.Replace("strict", "kind", StringComparison.Ordinal));
        var registry = AgentRegistry.Of(null, Path.Combine(_folder, "work"), Path.Combine(_folder, "home"));
        Assert.Equal("You are kind.", registry.Find("critic", new ProblemList(""))!.Fields["instructions"].AsText);
        Assert.Equal(["project False", "project True", "user True"], registry.All().Where(agent => agent.Name == "critic").Select(agent => $"{agent.Folder.Origin} {agent.IsShadowed}"));
    }

    [Fact]
    public async Task A_node_s_agent_comes_from_its_file_with_prompt_tools_and_answer_and_its_version_is_in_journal_and_receipt()
    {
        Write("agents/critic.md", Critic);
        var file = Write("flow.yaml", "name: test\nnodes:\n  - {id: a, type: agent, agent: critic, prompt: go}\n");
        var models = Turns([Call("look")], Say("""{"verdict": "weak"}"""));
        var types = ToolRun.Types(models, ToolRun.Registry(() => 4));
        var (spec, problems) = Definitions.ReadFile(file, types, AgentRegistry.Of(_folder, _folder, null));
        Assert.Empty(problems.Problems);
        var store = new MemoryRunStore();
        var engine = new Engine(new EngineOptions { Types = types, Store = store, ReadDefinition = (written, name, files) => Definitions.ReadBundle(written, name, files, types) });
        var report = await engine.RunAsync(spec!, new RunRequest { Run = ToolRun.Run }, CancellationToken.None);

        Assert.Equal("""{"verdict":"weak"}""", report.Outputs["a"].ToJson());
        Assert.Equal("You are strict.\n\nYou must not do any of this:\n- praise", models.Conversations[0][0].Text);
        var version = "critic sha256:" + Read(Critic).Agent!.Hash;
        var steps = store.Read(ToolRun.Run).SelectMany(frame => frame.Events).OfType<RunEvent.StepIntended>().ToList();
        Assert.Equal([version, "", version], steps.Select(step => step.Call.Agent));
    }

    [Fact]
    public void An_agent_s_file_is_part_of_the_definition_and_read_back_from_the_bundle_alone()
    {
        var path = Write("agents/critic.md", Critic);
        var file = Write("flow.yaml", "name: test\nnodes:\n  - {id: a, type: agent, agent: critic, prompt: go}\n");
        var types = ToolRun.Types(Turns(), ToolRun.Registry(() => 4));
        var before = Definitions.ReadFile(file, types, AgentRegistry.Of(_folder, _folder, null)).Spec!;
        File.WriteAllText(path, Critic.Replace("strict", "kind", StringComparison.Ordinal));
        var after = Definitions.ReadFile(file, types, AgentRegistry.Of(_folder, _folder, null)).Spec!;
        Assert.NotEqual(before.Hash, after.Hash);
        var pinned = Definitions.ReadBundle(before.Written, "flow.yaml", ValueMap.Empty, types);
        Assert.Equal(before.Hash, pinned.Hash);
        Assert.Equal("You are strict.", pinned.Agents["critic"].AsObject["instructions"].AsText);
    }

    [Fact]
    public void A_role_that_only_looks_may_hold_no_tool_that_acts()
    {
        var (agent, _) = Read("---\nname: critic\ndescription: d\nrole: retrieve\ntools: [read_file, write_file]\n---\nx");
        var problems = new ProblemList("critic.md");
        AgentLint.Check(agent!, new ToolRegistry(), problems);
        Assert.Contains("has the role 'retrieve' and holds the tool 'write_file', which acts (idempotent)", Assert.Single(problems.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_agent_can_replace_another_only_where_it_asks_no_more_promises_no_less_and_may_do_no_more()
    {
        var old = Read(Critic).Agent!;
        Assert.Empty(AgentLint.Breaks(old, Read(Critic.Replace("strict", "kind", StringComparison.Ordinal)).Agent!));
        var next = Read(Critic.Replace("[look]", "[look, bash]", StringComparison.Ordinal).Replace("[verdict]", "[score]", StringComparison.Ordinal)
            .Replace("forbidden: [praise]", "inputs: {type: object, required: [brief]}", StringComparison.Ordinal)).Agent!;
        Assert.Equal(["it requires the input 'brief', which was not required", "it no longer promises the output 'verdict'", "it may call 'bash', which was not allowed", "it is no longer forbidden 'praise'"], AgentLint.Breaks(old, next));
    }
}
