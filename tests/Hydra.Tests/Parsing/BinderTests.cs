using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Tests.Parsing;

public class BinderTests
{
    [Fact]
    public void All_problems_of_shape_are_told_at_once() => Verified.Check("Binder", string.Join('\n', TestTypes.ParseProblems(
        """
        nam: example
        budget: {max_tokens: many, max_usd: -1}
        inputs:
          topic: {type: text, requird: true}
        models:
          small: []
        depends_on: [a]
        nodes:
          - id: a
            type: agent
            promt: Hello
            model: small
            stream: yes
            temperature: 3
            tools: [search]
          - id: 1st
            type: agent
          - id: b
            type: agnt
          - type: set
          - id: c
            type: map
            over: [a, b]
            as: "my item"
            prompt: x
          - id: d
            type: set
            vaule: 1
            depends_on: a
            join: every
            retry: {max_attempts: 50, retry_on: [RateLimitError, budget, rate_limted]}
            compensate: {type: set, value: 1}
          - id: e
            type: bash
            command: [ls, -l]
          - id: f
            type: set
            value: 1
            threshold: 0.5
          - nonsense
        hooks: {}
        """)));

    [Theory]
    [InlineData("compensate: undo", "the text 'undo'")]
    [InlineData("compensate: [undo]", "a list")]
    public void A_node_that_is_written_as_something_else_is_refused(string field, string found)
    {
        var problem = Assert.Single(TestTypes.ParseProblems($"name: a\nnodes:\n  - {{id: book, type: set, value: x, {field}}}"));
        Assert.StartsWith($"HYD122 test.yaml:3:49: `compensate` is {found}", problem);
        Assert.Contains("where a node (a map) is expected", problem);
    }

    [Theory]
    [InlineData("", "HYD111 test.yaml: the file is empty, where a workflow is expected. Begin with 'name: …' and 'nodes:'.")]
    [InlineData("[]", "HYD111 test.yaml:1:1: the file holds an empty list, where a workflow is expected. Begin with 'name: …' and 'nodes:'.")]
    [InlineData("hello", "HYD111 test.yaml:1:1: the file holds the text 'hello', where a workflow is expected. Begin with 'name: …' and 'nodes:'.")]
    [InlineData("name: a", "HYD121 test.yaml:1:1: the workflow needs the field 'nodes': a list of nodes. Add it.")]
    [InlineData("name: a\nnodes: []", "HYD121 test.yaml:2:8: `nodes` is an empty list, and a workflow needs at least one node. Add one: '- id: …'.")]
    public void A_file_that_is_no_workflow_is_told_so(string text, string line) => Assert.Equal([line], TestTypes.ParseProblems(text));

    [Fact]
    public void Fields_become_the_typed_policy()
    {
        var spec = TestTypes.Parse(
            """
            name: typed
            models: {small: [a, b], big: {model: c, temperature: 0.5}}
            breakers: {search: {failures: 3}}
            defaults: {model: small, retry: {max_attempts: 2}}
            nodes:
              - id: a
                type: set
                value: 1
                join: {at_least: 2}
                on_skip: {default: null}
                timeout_seconds: 1.5
                retry: {max_attempts: 4, backoff: exponential, retry_on: timeout}
                budget: {max_usd: 0.25, on_exceeded: pause}
                cache: off
                labels: [untrusted, secret]
                fallback: {value: null, models: [x]}
                breaker: search
            """);
        var policy = spec.Nodes[0].Policy;
        Assert.Equal(new JoinSpec(JoinKind.AtLeast, 2), policy.Join);
        Assert.Equal(new SkipPolicy(false, Value.Null), policy.OnSkip);
        Assert.Equal(TimeSpan.FromSeconds(1.5), policy.Timeout);
        Assert.Equal((4, BackoffKind.Exponential), (policy.Retry!.MaxAttempts!.Value, policy.Retry.Kind!.Value));
        Assert.Equal([ErrorCode.Timeout], policy.Retry.RetryOn);
        Assert.Equal((new MicroUsd(250_000), BudgetPolicy.Pause), (policy.Budget!.MaxUsd!.Value, policy.Budget.OnExceeded));
        Assert.Equal(Labels.Untrusted.With(Labels.Secret), policy.Labels);
        Assert.Equal(Value.Null, policy.Fallback!.Value);
        Assert.Equal(("search", CacheKind.Off), (policy.BreakerName, policy.Cache!.Kind));
        Assert.Equal(("a", "b"), (spec.Models["small"].Model, spec.Models["small"].Fallbacks[0]));
        Assert.Equal((2, "small"), (spec.Defaults.Retry!.MaxAttempts!.Value, spec.DefaultFields["model"].AsText));
    }

    [Fact]
    public void Key_order_quotes_comments_node_order_and_shorthands_do_not_change_the_hash()
    {
        const string Written =
            """
            name: one   # a comment
            models: {small: m}
            nodes:
              - {id: b, type: set, value: x, depends_on: [c, a], labels: secret, retry: {retry_on: "*"}}
              - {id: a, type: set, value: 1, timeout_seconds: 10}
              - {id: c, type: set, value: 2, breaker: {failures: 5}}
            """;
        const string Other =
            """
            nodes:
              - id: a
                timeout_seconds: 10.0
                value: 1
                type: "set"
              - id: c
                type: set
                value: 2
                breaker: {failures: 5, window_seconds: 60, cooldown_seconds: 30}
              - id: b
                retry: {}
                labels: [secret]
                depends_on: ["a", 'c']
                value: 'x'
                type: set
            models:
              small: {model: m}
            'name': "one"
            """;
        Assert.Equal(TestTypes.Parse(Written).Hash, TestTypes.Parse(Other).Hash);
        Assert.NotEqual(TestTypes.Parse(Written).Hash, TestTypes.Parse(Written.Replace("value: 2", "value: 3")).Hash);
        Assert.Equal(64, TestTypes.Parse(Written).Hash.Length);
    }

    [Fact]
    public void A_number_where_text_is_wanted_is_kept_as_written() => Assert.Equal("1.10", TestTypes.Parse("name: a\nversion: 1.10\nnodes: [{id: a, type: set, value: 1}]").Version);

    [Fact]
    public void Hostile_names_do_not_crash_the_binder()
    {
        var nasty = string.Concat(Enumerable.Repeat("x", 10_000));
        Assert.NotEmpty(TestTypes.ParseProblems($"name: a\n{nasty}: 1\nnodes: [{{id: {nasty}, type: {nasty}}}]"));
        Assert.All(TestTypes.ParseProblems($"name: a\n{nasty}: 1\nnodes: [{{id: {nasty}, type: {nasty}}}]"), line => Assert.True(line.Length < 500));
    }
}
