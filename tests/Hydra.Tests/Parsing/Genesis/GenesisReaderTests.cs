using System.Text;
using Hydra.Model;
using Hydra.Validation;

namespace Hydra.Tests.Parsing.Genesis;

public class GenesisReaderTests
{
    private const string Head = "<projectGenesis version='1.0' xmlns:h='urn:hydra:genesis:1'><metadata><epicName>e</epicName></metadata><executionPlan>";
    private const string Tail = "</executionPlan></projectGenesis>";

    [Fact]
    public void A_valid_file_becomes_a_graph_of_agents()
    {
        var spec = GenesisFiles.Valid(GenesisFiles.Documented);
        Assert.Equal("✓ user-accounts: 3 nodes, 2 wave(s)\n  wave 1: ['schema']\n  wave 2: ['api', 'docs']", ValidateText.Of(spec));
        var api = spec.Nodes[1];
        Assert.Equal("# API\n\nBuild the endpoints.\n\n## Result of schema\n\n{{ nodes['schema'].output }}", api.Fields["prompt"].AsText);
        Assert.Equal("typescript-node-developer", api.Fields["agent"].AsText);
        Assert.Equal("balanced", spec.Agents["typescript-node-developer"].AsObject["model"].AsText);
        Assert.Equal(TimeSpan.FromHours(2), api.Policy.Estimate);
        Assert.Equal("balanced", spec.DefaultFields["model"].AsText);
    }

    [Fact]
    public void Text_that_looks_like_a_template_stays_text() =>
        Assert.Contains("{% raw %}Design the tables for {{ users }}.{% endraw %}", GenesisFiles.Valid(GenesisFiles.Documented).Nodes[0].Fields["prompt"].AsText);

    [Fact]
    public void The_same_graph_as_yaml_has_the_same_hash()
    {
        var xml = GenesisFiles.Valid(
            $"""
            {Head}<tasks>
            <task id="b" h:type="agent"><dependencies>a</dependencies><h:model>offline/x</h:model><h:prompt>Use it: {"{{ a }}"} 5</h:prompt><h:retry><h:max_attempts>2</h:max_attempts></h:retry></task>
            <task id="a" h:type="set"><h:value><h:item>1</h:item><h:item type="text">1</h:item><h:item>true</h:item></h:value></task>
            </tasks>{Tail}
            """);
        var yaml = TestTypes.Parse("name: e\nnodes:\n  - {id: a, type: set, value: [1, '1', true]}\n  - {id: b, type: agent, model: offline/x, prompt: 'Use it: {{ a }} 5', retry: {max_attempts: 2}, depends_on: [a]}\n");
        Assert.Equal(yaml.Hash, xml.Hash);
    }

    [Theory]
    [InlineData("<metrics>5</metrics><cost>6</cost>", """{"metrics":5,"cost":6}""")]
    [InlineData("<seen><auditLog>on</auditLog></seen>", """{"seen":{"auditLog":"on"}}""")]
    public void In_a_field_the_names_of_what_a_run_writes_are_names_like_any_other(string value, string json)
    {
        var spec = GenesisFiles.Valid($"{Head}<tasks><task id=\"a\" h:type=\"set\"><h:value>{value}</h:value></task></tasks>{Tail}");
        Assert.Equal(json, spec.Nodes[0].Fields["value"].ToJson());
    }

    [Fact]
    public void What_a_run_writes_into_the_file_is_no_part_of_the_hash()
    {
        var later = GenesisFiles.Documented.Replace("<pending><taskRef id=\"schema\"/>", "<pending>", StringComparison.Ordinal)
            .Replace("<completed/>", "<completed><taskRef id=\"schema\"/></completed>", StringComparison.Ordinal).Replace("<completedTasks>0", "<completedTasks>1", StringComparison.Ordinal)
            .Replace("<status>planning", "<status>in-progress", StringComparison.Ordinal).Replace("<summary>done", "<summary>really done", StringComparison.Ordinal);
        Assert.Equal(GenesisFiles.Valid(GenesisFiles.Documented).Hash, GenesisFiles.Valid(later).Hash);
    }

    [Fact]
    public void An_approval_stands_between_a_task_and_those_that_wait_for_it()
    {
        var spec = GenesisFiles.Valid($"{Head}<tasks>{Task("b", "<dependencies>a</dependencies>")}{Task("a", "", "<h:approval>Ship it?</h:approval><h:acceptance><h:item>tests pass</h:item></h:acceptance>")}</tasks>{Tail}");
        Assert.Equal("✓ e: 3 nodes, 3 wave(s)\n  wave 1: ['a']\n  wave 2: ['a_approval']\n  wave 3: ['b']", ValidateText.Of(spec));
        Assert.Contains("It is accepted when:\n- tests pass", spec.Nodes.First(node => node.Id.Text == "a").Fields["prompt"].AsText);
    }

    [Fact]
    public void The_fragment_of_the_article_is_read_with_its_place_named()
    {
        var lines = GenesisFiles.Problems(GenesisFiles.Fragment);
        Assert.Contains(lines, line => line.StartsWith("HYD203 plan.xml:6:", StringComparison.Ordinal) && line.Contains("'create-project-structure'"));
        Assert.Contains(lines, line => line.StartsWith("HYD143 plan.xml:3:32: warning: the task 'database-design' has status=\"pending\"", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("HYD143 plan.xml:3:6: warning: the task 'database-design' has no name", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Contains(line[..6], (string[])["HYD143", "HYD203"]));
        Assert.Single(lines, line => line.StartsWith("HYD203", StringComparison.Ordinal));
    }

    [Fact]
    public void Lists_and_pairs_that_differ_are_united_with_a_warning()
    {
        var plan = $"<executionDag><dependencies><dependency><from>a</from><to>c</to></dependency><dependency><from>d</from><to>c</to></dependency></dependencies></executionDag><tasks>{Task("a")}{Task("b")}{Task("c", "<dependencies>a, b</dependencies>")}{Task("d", "<dependencies>c</dependencies>")}</tasks>";
        var (spec, problems) = GenesisFiles.Read(Head + plan + Tail);
        Assert.Equal(["a", "b"], spec!.Nodes[2].DependsOn.Select(id => id.Text));
        Assert.Equal(["c"], spec.Nodes[3].DependsOn.Select(id => id.Text));
        Assert.Contains(problems.Problems, problem => problem.Message.Contains("the list of task 'c' names 'b', and no pair does"));
        Assert.Contains(problems.Problems, problem => problem.Message.Contains("stands the other way round"));
        Assert.False(problems.HasErrors);
    }

    [Fact]
    public void Tasks_inside_a_dag_are_read()
    {
        var (spec, problems) = GenesisFiles.Read($"{Head}<dag><tasks>{Task("a")}</tasks></dag>{Tail}");
        Assert.Equal("a", Assert.Single(spec!.Nodes).Id.Text);
        Assert.Contains(problems.Problems, problem => problem.Code == ProblemCodes.GenesisRepaired);
    }

    [Theory]
    [InlineData("<tasks>", "<tasks><task id='a'>", "HYD140")]
    [InlineData("<projectGenesis", "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><projectGenesis", "HYD141")]
    [InlineData("<projectGenesis", "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><projectGenesis", "HYD141")]
    [InlineData("<projectGenesis", "<projectGenesis xmlns='http://example.org/other'", "HYD142")]
    [InlineData("2026-01-31T09:30:00+01:00", "31.1.2026", "HYD144")]
    [InlineData("level=\"1\"", "level=\"0\"", "HYD145")]
    [InlineData("<taskRef id=\"docs\"/></parallelGroup>", "<taskRef id=\"dosc\"/></parallelGroup>", "HYD203")]
    [InlineData("<to>docs</to>", "<to>dosc</to>", "HYD203")]
    [InlineData("<dependencies>schema</dependencies>\n        <result>", "<dependencies>shema</dependencies>\n        <result>", "HYD203")]
    [InlineData("<task id=\"docs\">", "<task id=\"api\">", "HYD201")]
    [InlineData("technical-writer", "technical-riter", "HYD244")]
    [InlineData("<estimatedDuration>30min</estimatedDuration>", "<estimatedDuration>30min</estimatedDuration><dependencies>api</dependencies>", "HYD205")]
    [InlineData("</statusHistory>", "</statusHistory><h:modle xmlns:h='urn:hydra:genesis:1'>x</h:modle>", "HYD120")]
    public void What_is_wrong_is_named_and_placed(string from, string to, string code)
    {
        Assert.Contains(from, GenesisFiles.Documented);
        Assert.Contains(GenesisFiles.Problems(GenesisFiles.Documented.Replace(from, to, StringComparison.Ordinal)), line => line.StartsWith($"{code} plan.xml:", StringComparison.Ordinal) && char.IsAsciiDigit(line[$"{code} plan.xml:".Length]));
    }

    [Fact]
    public void A_million_nested_elements_are_refused_where_they_become_too_deep()
    {
        var deep = new StringBuilder();
        for (var i = 0; i < 1_000_000; i++) deep.Append("<a>");
        var line = Assert.Single(GenesisFiles.Problems(deep.ToString()));
        Assert.StartsWith("HYD106 plan.xml:1:770:", line);
    }

    [Fact]
    public void Nested_elements_of_a_foreign_namespace_are_refused_as_well()
    {
        var deep = new StringBuilder("<projectGenesis><x:a xmlns:x='urn:x'>");
        for (var i = 0; i < 1_000_000; i++) deep.Append("<x:a>");
        Assert.Contains(GenesisFiles.Problems(deep.ToString()), line => line.StartsWith("HYD106", StringComparison.Ordinal));
    }

    [Fact]
    public void A_plan_without_tasks_is_told_in_the_words_of_its_format() =>
        Assert.Contains(GenesisFiles.Problems($"{Head}<tasks/>{Tail}"), line => line.StartsWith("HYD142", StringComparison.Ordinal) && line.Contains("the plan holds no <task>"));

    [Theory]
    [InlineData("<event><timestamp>yesterday</timestamp></event>", "HYD144", "<timestamp> is 'yesterday'")]
    [InlineData("<event><timestamp/></event>", "HYD144", "<timestamp> is ''")]
    [InlineData("<event><timestamp><![CDATA[soon]]></timestamp></event>", "HYD144", "<timestamp> is 'soon'")]
    public void Of_what_a_run_has_written_dates_are_checked_all_the_same(string history, string code, string message)
    {
        var line = Assert.Single(GenesisFiles.Problems($"{Head}<tasks>{Task("a", $"<statusHistory>{history}</statusHistory>")}</tasks>{Tail}"), line => line.StartsWith(code, StringComparison.Ordinal));
        Assert.Contains(message, line, StringComparison.Ordinal);
    }

    [Fact]
    public void Nested_elements_in_what_a_run_has_written_are_refused_as_well()
    {
        var deep = new StringBuilder("<projectGenesis><auditLog>");
        for (var i = 0; i < 1_000_000; i++) deep.Append("<event>");
        Assert.Contains(GenesisFiles.Problems(deep.ToString()), line => line.StartsWith("HYD106", StringComparison.Ordinal));
    }

    [Fact]
    public void Ids_that_are_no_names_of_nodes_are_mended_with_a_warning()
    {
        var (spec, problems) = GenesisFiles.Read($"{Head}<tasks>{Task("1.1")}{Task("run", "<dependencies>1.1</dependencies>")}</tasks>{Tail}");
        Assert.Equal(["t_1_1", "t_run"], spec!.Nodes.Select(node => node.Id.Text));
        Assert.False(problems.HasErrors);
        Assert.Equal(2, problems.Problems.Count(problem => problem.Message.Contains("runs as")));
    }

    private static string Task(string id, string dependencies = "", string extension = "") =>
        $"<task id='{id}'><name>{id}</name><description>Do {id}.</description><assignedAgent>editor</assignedAgent><estimatedDuration>1h</estimatedDuration>{dependencies}{extension}</task>";
}
