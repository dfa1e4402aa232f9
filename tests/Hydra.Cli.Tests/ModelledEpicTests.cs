using System.Text.Json;
using Hydra.Gateway.Fake;
using Hydra.Model;

namespace Hydra.Cli.Tests;

/// <summary>The steps of an epic that ask a model, with a provider that answers as scripted.</summary>
public sealed class ModelledEpicTests
{
    private const string Brief = """
        # Tea shop
        A shop for tea on the web.

        ## Problem
        People buy tea elsewhere.

        ## Success
        - A page shows all teas
        """;

    /// <summary>Said by the prompt of every question to the agent, and by no other.</summary>
    private const string Planner = "# Plan generator", Cofounder = "# Cofounder", Editor = "# Editor";

    private static string Plan(params (string Id, string Agent, string[] DependsOn)[] tasks) => JsonSerializer.Serialize(new
    {
        tasks = tasks.Select(task => new
        {
            id = task.Id, name = task.Id, description = $"Do {task.Id}.", agent = task.Agent, depends_on = task.DependsOn, outputs = new[] { "a note" },
            acceptance = new[] { "it is there" }, estimate_minutes = 30, touches = Array.Empty<string>(),
        }),
        critical_path = tasks.Select(task => task.Id), risks = Array.Empty<object>(), uncovered = Array.Empty<string>(), assumptions = new[] { "Tea is in stock." },
    });

    private static Terminal At(FakeProvider fake)
    {
        var terminal = new Terminal();
        terminal.Set("ANTHROPIC_API_KEY", "key");
        terminal.Set("ANTHROPIC_BASE_URL", fake.Url);
        terminal.Write("epics/tea/brief.md", Brief);
        return terminal;
    }

    private static FakeRule Says(string agent, string answer, int? times = null) => new() { When = new() { Prompt = agent }, Answer = answer, Times = times };

    [Fact]
    public async Task A_plan_that_is_not_valid_is_asked_for_again_with_what_is_wrong()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(
            Says(Planner, Plan(("page", "frontend-developer", ["sketch"])), times: 1),
            Says(Planner, Plan(("page", "fronted-developer", [])), times: 1),
            Says(Planner, Plan(("words", "technical-writer", []), ("guide", "editor", ["words"])))));
        using var terminal = At(fake);

        Assert.True(terminal.Run("plan", "tea", "--json") == 0, terminal.Error);

        var shown = Value.ParseJson(terminal.Out).AsObject;
        Assert.Equal(("plan-generator", 3), (shown["planner"].AsText, shown["tries"].AsInteger));
        Assert.Contains("the task 'page' depends on 'sketch'", fake.Calls[1].Prompt, StringComparison.Ordinal);
        Assert.Contains("fronted-developer", fake.Calls[2].Prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("'sketch'", fake.Calls[2].Prompt, StringComparison.Ordinal);
        var blueprint = File.ReadAllText(terminal.PathOf("epics/tea/genesis.xml"));
        Assert.Contains("<task id=\"guide\"", blueprint, StringComparison.Ordinal);
        Assert.Contains("<assumption>Tea is in stock.</assumption>", blueprint, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("validate", "tea"));
    }

    [Fact]
    public async Task What_the_planner_calls_routine_begins_on_a_cheaper_model_and_steps_up_when_it_fails()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(
            Says(Planner, Plan(("words", "technical-writer", [])).Replace("\"touches\"", "\"complexity\":\"routine\",\"touches\"", StringComparison.Ordinal)),
            new FakeRule { When = new() { Prompt = "# words", Model = "claude-haiku-4-5" }, Answer = """{"error_code": "INSUFFICIENT_CONTEXT", "message": "I do not see what was built."}""" },
            new FakeRule { When = new() { Prompt = "# words", Model = "claude-sonnet-4-6" }, Answer = """{"files": ["docs/tea.md"], "verified": [], "unverified": [], "terms": [], "gaps": []}""" }));
        using var terminal = At(fake);

        Assert.True(terminal.Run("plan", "tea", "--json") == 0, terminal.Error);
        var words = Value.ParseJson(terminal.Out).AsObject["agents"].AsObject["words"].AsObject;
        Assert.Equal(("fast", "balanced"), (words["model"].AsText, words["steps_up_to"].AsText));

        Assert.True(terminal.Run("run", "tea", "--json") == 0, terminal.Error);
        var run = Value.ParseJson(terminal.Out).AsObject["run_id"].AsText;
        Assert.Equal(["claude-haiku-4-5", "claude-sonnet-4-6"], fake.Calls.Skip(1).Select(call => call.Model));

        Assert.Equal(0, terminal.Run("inspect", run, "--node", "words"));
        Assert.Contains("model tier fast: routine; balanced when that fails", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_three_plans_that_are_not_valid_nothing_is_written()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(Says(Planner, Plan(("page", "technical-writer", ["page"])))));
        using var terminal = At(fake);

        Assert.Equal(2, terminal.Run("plan", "tea"));

        Assert.Contains("no valid plan in 3 tries", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(3, fake.Calls.Count);
        Assert.False(File.Exists(terminal.PathOf("epics/tea/genesis.xml")));
    }

    [Fact]
    public async Task The_cofounder_writes_the_brief_from_what_is_stated()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(Says(Cofounder, """
            {"confidence": 0.8, "brief": {"summary": "A shop for tea.", "problem": "Tea is bought elsewhere.", "context": "Spring.", "users": ["tea drinkers"],
             "success": [{"measure": "orders a week", "now": "0", "target": "20"}], "approach": "One page.", "out_of_scope": ["coffee"], "constraints": ["six weeks"],
             "risks": [{"risk": "nobody comes", "sign": "no visits", "response": "ask why"}], "assumptions": ["stock is there"]}}
            """)));
        using var terminal = At(fake);
        terminal.Write("notes.md", "We want to sell Darjeeling on the web.");

        Assert.True(terminal.Run("new", "darjeeling", "--brief", "notes.md", "--json") == 0, terminal.Error);

        var call = Assert.Single(fake.Calls);
        Assert.Contains("We want to sell Darjeeling on the web.", call.Prompt, StringComparison.Ordinal);
        var brief = File.ReadAllText(terminal.PathOf("epics/darjeeling/brief.md"));
        Assert.Contains("Tea is bought elsewhere.", brief, StringComparison.Ordinal);
        Assert.Contains("- orders a week; now: 0; target: 20", brief, StringComparison.Ordinal);
        Assert.Empty(Value.ParseJson(terminal.Out).AsObject["open"].Items);
    }

    [Fact]
    public async Task Prose_of_a_model_stands_above_a_recap_whose_figures_are_computed()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(
            Says(Editor, """{"text": "One task ran and was done.", "changes": [], "queries": [], "words": {"before": 6, "after": 6}}""")));
        using var terminal = At(fake);
        terminal.Write("one.yaml", "name: one\nnodes:\n  - {id: only, type: set, value: done}\n");
        Assert.True(terminal.Run("run", "one.yaml", "--json") == 0, terminal.Error);
        var run = Value.ParseJson(terminal.Out).AsObject["run_id"].AsText;

        Assert.True(terminal.Run("recap", run, "--prose") == 0, terminal.Error);

        Assert.Contains("One task ran and was done.", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("# Recap: one", Assert.Single(fake.Calls).Prompt, StringComparison.Ordinal);
        Assert.True(terminal.Out.IndexOf("One task ran", StringComparison.Ordinal) < terminal.Out.IndexOf("only", StringComparison.Ordinal), terminal.Out);
    }
}
