namespace Hydra.Cli.Tests;

/// <summary>Keys and tokens that stand in files are warned of, with their place and without their text.</summary>
public sealed class KeyInFileTests : IDisposable
{
    private readonly Terminal _terminal = new();

    public void Dispose() => _terminal.Dispose();

    /// <summary>Put together here, so that this file holds none itself.</summary>
    private static string Key(string lead, int length) => lead + string.Concat(Enumerable.Range(0, length).Select(i => "A1b2C3d4"[i % 8]));

    public static TheoryData<string, string> Keys => new()
    {
        { Key("sk-", 40), "an API key (sk-…)" }, { Key("sk-ant-api03-", 60), "an API key (sk-…)" }, { Key("ghp_", 36), "a GitHub token (ghp_…)" }, { Key("github_pat_", 60), "a GitHub token (github_pat_…)" },
        { "AKIA" + "IOSFODNN7EXAMPLE", "an AWS access key (AKIA…)" }, { Key("xoxb-", 30), "a Slack token (xox…)" }, { Key("AIza", 35), "a Google key (AIza…)" }, { Key("sk_live_", 24), "a Stripe key (sk_live_…)" },
        { "-----BEGIN " + "RSA PRIVATE KEY-----", "a private key" },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void A_key_in_a_workflow_is_warned_of_at_its_place(string key, string what)
    {
        _terminal.Write("flow.yaml", $"name: flow\nnodes:\n  - {{id: a, type: set, value: \"key: {key}\"}}\n");
        Assert.Equal(0, _terminal.Run("validate", "flow.yaml"));
        Assert.Contains($"HYD308 flow.yaml:3:37: warning: what stands here looks like {what}", _terminal.Out.Replace(_terminal.Folder + "/", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain(key, _terminal.Out + _terminal.Error, StringComparison.Ordinal);
        Assert.Equal(2, _terminal.Run("validate", "flow.yaml", "--strict"));
    }

    [Fact]
    public void Keys_in_an_agent_file_the_projects_policy_and_a_comment_are_warned_of_too()
    {
        _terminal.Write("agents/clerk.md", $"---\nname: clerk\ndescription: pays\n---\nUse {Key("ghp_", 36)}.\n");
        _terminal.Write("hydra.yaml", $"# {Key("xoxb-", 30)}\npolicy: {{default: ask}}\n");
        _terminal.Write("flow.yaml", $"name: flow\n# {Key("sk-", 40)}\nnodes:\n  - {{id: a, type: agent, agent: clerk, model: offline/x, prompt: go}}\n");
        Assert.True(_terminal.Run("validate", "flow.yaml") == 0, _terminal.Out);
        Assert.Contains("clerk.md:5:5: warning: what stands here looks like a GitHub token", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("hydra.yaml:1:3: warning: what stands here looks like a Slack token", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("flow.yaml:2:3: warning: what stands here looks like an API key", _terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_in_a_gateways_configuration_is_warned_of()
    {
        _terminal.Write("gateway.yaml", $"providers: {{p: {{kind: openai, api_key: env:KEY}}}}\n# {Key("sk-", 40)}\nmodels: {{m: {{deployments: [{{provider: p, model: x}}]}}}}\n");
        _terminal.Run("gateway", "stats", "--config", "gateway.yaml");
        Assert.Contains("gateway.yaml:2:3: warning: what stands here looks like an API key", _terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sk-learn-pipeline-with-many-names")]
    [InlineData("sk-learn-pipeline-step-2-of-the-model")]
    [InlineData("the route /sk-SK/objednavka-2026-detail")]
    [InlineData("xoxo-hugs-and-kisses-to-all")]
    [InlineData("Bearer {{ env.TOKEN }}")]
    [InlineData("env:OPENAI_API_KEY")]
    [InlineData("task-4711-of-the-second-half-year")]
    [InlineData("xoxo and ghp_short, AKIA, -----BEGIN CERTIFICATE-----")]
    public void What_only_looks_a_little_like_a_key_is_not_warned_of(string text)
    {
        _terminal.Write("flow.yaml", $"name: flow\nnodes:\n  - {{id: a, type: agent, model: offline/x, prompt: \"{{% raw %}}{text}{{% endraw %}}\"}}\n");
        Assert.Equal(0, _terminal.Run("validate", "flow.yaml"));
        Assert.DoesNotContain("HYD308", _terminal.Out, StringComparison.Ordinal);
    }
}
