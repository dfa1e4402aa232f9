using System.Xml.Linq;
using Hydra.Model;

namespace Hydra.Cli.Tests;

/// <summary>An epic from its brief to its recap, as a user types it, with no key and no network.</summary>
public sealed class EpicTests
{
    private const string TeaBrief = """
        # Tea shop
        A shop for tea on the web.

        ## Problem
        People buy tea elsewhere.

        ## Success
        - A page shows all teas
        - The guide says how to order
        """;

    private static Terminal Planned()
    {
        var terminal = new Terminal();
        terminal.Write("notes.md", TeaBrief);
        Assert.True(terminal.Run("new", "tea", "--brief", "notes.md") == 0, terminal.Error);
        Assert.True(terminal.Run("plan", "tea") == 0, terminal.Error);
        return terminal;
    }

    [Fact]
    public void From_a_brief_to_a_recap_with_no_key()
    {
        using var terminal = Planned();
        Assert.Contains("the plan comes from a template", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("critical path: requirements → design → page-shows-all-teas", terminal.Out, StringComparison.Ordinal);

        Assert.Equal(0, terminal.Run("pm-view", "tea"));
        Assert.Contains("tea  planned", terminal.Out, StringComparison.Ordinal);
        Assert.True(terminal.Run("run", "tea") == 0, terminal.Error);

        Assert.Equal(0, terminal.Run("pm", "view", "tea"));
        Assert.Contains("tea  completed", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("✓  design ", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("pm-view", "tea", "--json", "--follow"));
        var view = Value.ParseJson(terminal.Out).AsObject;
        Assert.Equal(view["total"], view["done"]);

        Assert.Equal(0, terminal.Run("recap", "tea", "--json"));
        var recap = Value.ParseJson(terminal.Out).AsObject;
        Assert.Equal(("completed", view["run_id"].AsText), (recap["status"].AsText, recap["run_id"].AsText));
        Assert.Contains(recap["agents"].Items, agent => agent.AsObject["name"].AsText == "frontend-developer");
        Assert.Contains(recap["tasks"].Items, task => task.AsObject["chosen"].TextOrNull == "intent: 'page'");
        Assert.Equal(0, terminal.Run("recap", "tea"));
        Assert.StartsWith("# Recap: tea\n", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("recap", "tea", "--runbook"));
        Assert.Contains("1. **requirements** by product-manager", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("recap", "tea", "--advise"));
        Assert.Contains("estimate_seconds", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recap_as_a_page_holds_its_charts_and_loads_nothing()
    {
        using var terminal = Planned();
        Assert.True(terminal.Run("run", "tea") == 0, terminal.Error);
        Assert.Equal(0, terminal.Run("recap", "tea", "--out", "recap.html"));
        var page = File.ReadAllText(terminal.PathOf("recap.html"));
        Assert.True(page.Split("<svg").Length > 4, page[..200]);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http://", page, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
        var svg = page[page.IndexOf("<svg", StringComparison.Ordinal)..(page.IndexOf("</svg>", StringComparison.Ordinal) + 6)];
        Assert.NotEmpty(XElement.Parse(svg).Elements("rect"));
    }

    [Fact]
    public void The_blueprint_holds_the_brief_and_is_not_overwritten_unasked()
    {
        using var terminal = Planned();
        var path = terminal.PathOf("epics/tea/genesis.xml");
        var xml = File.ReadAllText(path);
        Assert.Contains("<criterion>A page shows all teas</criterion>", xml, StringComparison.Ordinal);
        Assert.Equal(2, terminal.Run("plan", "tea"));
        Assert.Equal(0, terminal.Run("plan", "tea", "--force", "--json"));
        Assert.Equal("template", Value.ParseJson(terminal.Out).AsObject["planner"].AsText);
        Assert.Equal(xml, File.ReadAllText(path + ".bak"));
    }

    [Theory]
    [InlineData("../tea")]
    [InlineData("a/b")]
    [InlineData("-x")]
    [InlineData("..")]
    public void A_name_that_leaves_the_folder_of_epics_is_refused(string name)
    {
        using var terminal = new Terminal();
        Assert.Equal(2, terminal.Run("new", "--", name));
        Assert.Contains("is no name of an epic", terminal.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(terminal.PathOf("epics")));
        Assert.Equal(2, terminal.Run("plan", "--", name));
        Assert.Equal(2, terminal.Run("orchestrate", "--", name));
    }

    [Fact]
    public void A_goal_in_words_becomes_a_name_and_may_go_straight_on_to_a_plan()
    {
        using var terminal = new Terminal();
        Assert.True(terminal.Run("new", "A web page with all our teas", "--plan", "--json") == 0, terminal.Error);
        var plan = Value.ParseJson(terminal.Out).AsObject;
        Assert.Equal("web-page-all-teas", plan["epic"].AsText);
        Assert.Equal(0, terminal.Run("validate", "web-page-all-teas"));
        Assert.Equal(2, terminal.Run("new", "web-page-all-teas"));
        Assert.Contains("is there already", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_missing_is_said_with_the_command_that_makes_it()
    {
        using var terminal = new Terminal();
        terminal.Write("epics/tea/brief.md", TeaBrief);
        Assert.Equal(2, terminal.Run("pm-view", "tea"));
        Assert.Contains("Make it with `hydra plan tea`", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(2, terminal.Run("plan", "tee"));
        Assert.Contains("Did you mean 'tea'?", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Existing_code_is_looked_at_before_anything_is_planned()
    {
        using var terminal = new Terminal();
        Assert.Equal(2, terminal.Run("enhance", "Make it faster"));
        terminal.Write("src/app.py", "print('tea')\nprint('more')\n");
        terminal.Write("pyproject.toml", "[project]\n");
        Assert.True(terminal.Run("enhance", "Make the slow query faster", "--plan") == 0, terminal.Error);
        Assert.Contains("survey", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("Python (1 files, 2 lines)", File.ReadAllText(terminal.PathOf("epics/make-slow-query-faster/brief.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void An_agent_file_that_does_everything_is_taken_apart_with_no_more_tools_than_each_part_needs()
    {
        using var terminal = new Terminal();
        terminal.Write("big.md", """
            ---
            name: big
            description: Does everything.
            tools: [read_file, write_file, bash, web_search]
            ---
            You do everything.

            ## Research
            Search the web for what others have done, and sum up in a page what is worth knowing about it for this task.

            ## Coding
            Write the code in small steps, run the build after each of them, and mend what it says before going on.
            """);
        Assert.True(terminal.Run("enhance", "big.md") == 0, terminal.Error);
        Assert.Contains("tools: [web_search]", File.ReadAllText(terminal.PathOf("agents/big-research.md")), StringComparison.Ordinal);
        Assert.Contains("tools: [write_file, bash, read_file]", File.ReadAllText(terminal.PathOf("agents/big-coding.md")), StringComparison.Ordinal);
        Assert.Equal(2, terminal.Run("enhance", "big.md"));
    }

    [Fact]
    public void Installing_keeps_a_copy_of_what_it_replaces()
    {
        using var terminal = new Terminal();
        terminal.Write("agents/editor.md", "mine");
        Assert.Equal(0, terminal.Run("install", "--project"));
        Assert.Equal("mine", File.ReadAllText(terminal.PathOf("agents/editor.md.bak-1")));
        Assert.Equal(63, Directory.GetFiles(terminal.PathOf("agents"), "*.md").Length);
        Assert.True(File.Exists(terminal.PathOf("rules/genesis.xsd")) && File.Exists(terminal.PathOf("rules/workflow.schema.json")) && File.Exists(terminal.PathOf("routing.yaml")));
        Assert.Equal(0, terminal.Run("install", "--project", "--json"));
        Assert.Equal(0, Value.ParseJson(terminal.Out).AsObject["written"].AsInteger);
        Assert.Equal(2, terminal.Run("install", "--project", "--global"));
    }

    [Fact]
    public void The_doctor_names_what_is_wrong_and_mends_what_it_can()
    {
        using var terminal = new Terminal();
        terminal.Write("routing.yaml", "intents:\n  - {words: [tea], agent: brewer}\n");
        terminal.Write("epics/tea/genesis.xml", "<executionPlan><tasks><task id='a'><description>Do it.</description></task></tasks></executionPlan>");
        Assert.Equal(1, terminal.Run("doctor"));
        Assert.Contains("✗ routing: routing.yaml names the agent 'brewer', whom nobody knows", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("· epics: tea: the blueprint is in a broken dialect", terminal.Out, StringComparison.Ordinal);
        terminal.Write("routing.yaml", "intents:\n  - {words: [tea], agent: editor}\n");
        Assert.True(terminal.Run("doctor", "--auto-fix") == 0, terminal.Out);
        Assert.True(File.Exists(terminal.PathOf("epics/tea/genesis.xml.bak")));
        Assert.Equal(0, terminal.Run("doctor"));
        Assert.DoesNotContain("broken dialect", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_blueprint_that_was_cut_off_is_not_begun_in_the_background()
    {
        using var terminal = Planned();
        File.WriteAllText(terminal.PathOf("epics/tea/genesis.xml"), "<projectGenesis><metadata>");
        Assert.Equal(2, terminal.Run("orchestrate", "tea"));
        Assert.Contains("HYD140", terminal.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(terminal.PathOf("epics/tea/orchestrate.log")));
    }

    [Fact]
    public void An_epic_that_nobody_supervises_says_so()
    {
        using var terminal = Planned();
        Assert.Equal(3, terminal.Run("orchestrate", "tea", "--status"));
        Assert.Equal("tea: not supervised, not begun\n", terminal.Out);
        Assert.Equal(0, terminal.Run("orchestrate", "tea", "--stop"));
        Assert.True(terminal.Run("run", "tea") == 0, terminal.Error);
        Assert.Equal(0, terminal.Run("orchestrate", "tea", "--status"));
        Assert.Contains("not supervised, run ", terminal.Out, StringComparison.Ordinal);
    }

    /// <remarks>Lists, followers and the command that begins it look all the time; the supervisor that comes meanwhile would be refused.</remarks>
    [Fact]
    public void Whoever_only_looks_whether_an_epic_is_supervised_does_not_supervise_it()
    {
        using var terminal = Planned();
        using var looking = new FileStream(terminal.PathOf("epics/tea/.orchestrate.lock"), FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read);
        Assert.Equal(3, terminal.Run("orchestrate", "tea", "--status"));
        Assert.Equal("tea: not supervised, not begun\n", terminal.Out);
    }

    [Fact]
    public void Tiers_stand_for_the_models_that_the_environment_names()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", "name: f\nnodes:\n  - {id: a, type: agent, agent: editor, prompt: Polish this text.}\n");
        Assert.True(terminal.Run("validate", "flow.yaml", "--estimate") == 0, terminal.Out);
        terminal.Set("HYDRA_MODEL_FAST", "offline/small");
        Assert.True(terminal.Run("run", "flow.yaml", "--run-id", "r1") == 0, terminal.Error);
        Assert.Equal(0, terminal.Run("inspect", "r1", "--events"));
        Assert.Contains("offline/small", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("editor sha256:", terminal.Out, StringComparison.Ordinal);
    }
}

/// <summary>Epics under a supervisor, as real processes.</summary>
public sealed class OrchestrateTests
{
    private const string Gated = """
        <projectGenesis version="1.0" xmlns:h="urn:hydra:genesis:1"><metadata><epicName>tea</epicName></metadata><executionPlan><tasks>
        <task id="brew"><name>Brew</name><description>Brew it.</description><assignedAgent>editor</assignedAgent><estimatedDuration>1h</estimatedDuration><h:approval>Good?</h:approval></task>
        </tasks></executionPlan></projectGenesis>
        """;

    [Fact]
    public async Task A_run_whose_process_is_killed_goes_on_and_a_stop_really_stops()
    {
        using var terminal = new Terminal();
        terminal.Write("epics/tea/genesis.xml", Gated);
        using var supervisor = HydraProcess.Start(terminal.Folder, new Dictionary<string, string>(), "orchestrate", "tea", "--foreground");
        var begun = await supervisor.ReadErrorUntilAsync("begins: process ");
        await supervisor.ReadErrorUntilAsync("brew_approval");
        Assert.Equal(0, terminal.Run("orchestrate", "tea", "--status"));
        Assert.StartsWith("tea: supervised, run ", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(2, terminal.Run("orchestrate", "tea"));

        var child = int.Parse(begun.Split("process ")[1].Split(':')[0], System.Globalization.CultureInfo.InvariantCulture);
        using (var process = System.Diagnostics.Process.GetProcessById(child)) process.Kill();
        Assert.Contains("hydra resume ", await supervisor.ReadErrorUntilAsync("restart 1 of at most 10"), StringComparison.Ordinal);
        await supervisor.ReadErrorUntilAsync("brew_approval");

        Assert.True(terminal.Run("orchestrate", "tea", "--stop") == 0, terminal.Error);
        Assert.Contains("tea is stopped: run ", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(3, terminal.Run("orchestrate", "tea", "--status"));
        Assert.Contains("not supervised", terminal.Out, StringComparison.Ordinal);
    }

    private const string Held = """
        <projectGenesis version="1.0" xmlns:h="urn:hydra:genesis:1"><metadata><epicName>tea</epicName></metadata><executionPlan><tasks>
        <task id="hold" h:type="wait"><name>Hold</name><description>Until told.</description><assignedAgent>editor</assignedAgent><estimatedDuration>1h</estimatedDuration><h:for_event>go</h:for_event></task>
        </tasks></executionPlan></projectGenesis>
        """;

    [Theory]
    [InlineData("run", "tea")]
    [InlineData("run", "held")]
    [InlineData("resume", "held")]
    public async Task What_goes_on_in_another_process_is_followed_to_its_result(string verb, string target)
    {
        using var terminal = new Terminal();
        terminal.Write("epics/tea/genesis.xml", Held);
        var none = new Dictionary<string, string>();
        using (var starter = HydraProcess.Start(terminal.Folder, none, "run", "tea", "--wait", "--detach", "--run-id", "held")) Assert.Equal(0, (await starter.EndAsync()).Code);
        using var follower = HydraProcess.Start(terminal.Folder, none, verb, target, "--follow");
        await follower.ReadErrorUntilAsync("hold waits for an event");
        Assert.True(terminal.Run("signal", "held", "go", "\"poured\"", "--approver", "host") == 0, terminal.Error);
        var (code, output, error) = await follower.EndAsync();
        Assert.Equal((0, "poured\n"), (code, output));
        Assert.Contains("run held goes on in another process", error, StringComparison.Ordinal);
        Assert.Contains("held completed", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_supervised_is_followed_over_the_death_of_its_process()
    {
        using var terminal = new Terminal();
        terminal.Write("epics/tea/genesis.xml", Held);
        var none = new Dictionary<string, string>();
        using var supervisor = HydraProcess.Start(terminal.Folder, none, "orchestrate", "tea", "--foreground");
        var begun = await supervisor.ReadErrorUntilAsync("begins: process ");
        using var follower = HydraProcess.Start(terminal.Folder, none, "orchestrate", "tea", "--follow");
        await follower.ReadErrorUntilAsync("hold waits for an event");
        var child = int.Parse(begun.Split("process ")[1].Split(':')[0], System.Globalization.CultureInfo.InvariantCulture);
        using (var process = System.Diagnostics.Process.GetProcessById(child)) process.Kill();
        var run = (await supervisor.ReadErrorUntilAsync("restart 1 of at most 10")).Split("hydra resume ")[1].Split(' ')[0];
        Assert.True(terminal.Run("signal", run, "go", "\"poured\"", "--approver", "host") == 0, terminal.Error);
        var (code, output, told) = await follower.EndAsync();
        Assert.Equal((0, "poured\n"), (code, output));
        Assert.Single(told.Split('\n'), line => line.Contains("hold waits for an event", StringComparison.Ordinal));   // what was shown is not shown again
        Assert.Equal(0, (await supervisor.EndAsync()).Code);
    }
}
