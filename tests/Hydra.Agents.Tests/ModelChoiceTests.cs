namespace Hydra.Agents.Tests;

public class ModelChoiceTests
{
    private const string Agents = "agents: {critic: {model: c, instructions: Be strict., max_output_tokens: 70, temperature: 0.5}, boss: {model: big, instructions: Decide.}}";

    private readonly FakeLine _line = new();
    private readonly FakeModels _models = new FakeModels().Answers("x");

    [Fact]
    public async Task An_agent_brings_its_model_instructions_and_limits()
    {
        await Ask.Async(_models, _line, "agent: critic, system: And kind., prompt: p", Agents);
        var asked = _models.Asked[0];
        Assert.Equal(("c", "Be strict.\n\nAnd kind."), (asked.Model, asked.Messages[0].Text));
        Assert.Equal((70, 0.5f), (asked.Options.MaxOutputTokens, asked.Options.Temperature));
    }

    [Fact]
    public async Task What_the_node_says_goes_before_its_agent()
    {
        await Ask.Async(_models, _line, "agent: critic, model: own, max_output_tokens: 5, temperature: 0, prompt: p", Agents);
        Assert.Equal(("own", 5, 0f), (_models.Asked[0].Model, _models.Asked[0].Options.MaxOutputTokens, _models.Asked[0].Options.Temperature));
    }

    [Fact]
    public async Task What_the_file_says_by_default_comes_last()
    {
        await Ask.Async(_models, _line, "agent: boss, prompt: p", Agents + "\ndefaults: {model: d, max_output_tokens: 9, temperature: 0.1}");
        Assert.Equal(("big", 9, 0.1f), (_models.Asked[0].Model, _models.Asked[0].Options.MaxOutputTokens, _models.Asked[0].Options.Temperature));
    }

    [Fact]
    public async Task An_alias_leads_to_its_model_with_its_settings()
    {
        await Ask.Async(_models, _line, "model: fast, prompt: p", "models: {fast: {model: faster, temperature: 0.3}, faster: {model: m9, max_output_tokens: 20, temperature: 1}}");
        Assert.Equal(("m9", 20, 0.3f), (_models.Asked[0].Model, _models.Asked[0].Options.MaxOutputTokens, _models.Asked[0].Options.Temperature));
    }

    [Theory]
    [InlineData(0, "m")]
    [InlineData(1, "spare")]
    [InlineData(2, "c")]
    [InlineData(3, "big")]
    public async Task Stand_ins_answer_in_their_turn(int variant, string model)
    {
        await Ask.Async(_models, _line, "model: m, prompt: p, fallback: {models: [spare], agent: critic}, escalate_to: boss", Agents, variant);
        Assert.Equal(model, _models.Asked[0].Model);
    }

    [Theory]
    [InlineData("model: fast, prompt: p", "")]
    [InlineData("prompt: p", "\ndefaults: {model: fast}")]
    public async Task The_fallbacks_of_an_alias_stand_in_wherever_the_alias_was_named(string node, string defaults)
    {
        await Ask.Async(_models, _line, node, "models: {fast: [first, second]}" + defaults, variant: 1);
        Assert.Equal("second", _models.Asked[0].Model);
    }

    [Fact]
    public async Task A_model_may_be_named_by_a_template()
    {
        await Ask.Async(_models, _line, "model: 'about-{{ topic }}', prompt: p");
        Assert.Equal("about-owls", _models.Asked[0].Model);
    }
}
