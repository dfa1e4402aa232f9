using System.Net;
using System.Text;
using System.Text.Json;
using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;

namespace Hydra.Interop.Tests;

/// <summary>Anthropic's own .NET package at the Messages door.</summary>
public sealed class AnthropicTests(ServedGateway gateway) : IClassFixture<ServedGateway>
{
    private static readonly Dictionary<string, JsonElement> CityProperties = new() { ["city"] = JsonSerializer.SerializeToElement(new { type = "string" }) };
    private static readonly Tool Weather = new() { Name = "weather", Description = "Says the weather of a city.", InputSchema = new InputSchema { Properties = CityProperties, Required = ["city"] } };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_comes_whole_and_streamed_with_its_usage()
    {
        using var client = Client();
        var whole = await client.Messages.Create(Ask("Hi"), Token);
        Assert.Equal(ServedGateway.Hello, TextOf(whole));
        Assert.Equal("end_turn", whole.StopReason!.Raw());
        Assert.True(whole.Usage.OutputTokens > 0);

        var text = new StringBuilder();
        string? stop = null;
        long output = 0;
        await foreach (var one in client.Messages.CreateStreaming(Ask("Hi"), Token))
        {
            if (one.TryPickContentBlockDelta(out var piece) && piece.Delta.TryPickText(out var delta)) text.Append(delta.Text);
            if (!one.TryPickDelta(out var end)) continue;
            stop = end.Delta.StopReason?.Raw();
            output = end.Usage.OutputTokens;
        }
        Assert.Equal((ServedGateway.Hello, "end_turn", whole.Usage.OutputTokens), (text.ToString(), stop, output));
    }

    [Fact]
    public async Task A_message_calls_a_tool_and_takes_its_result()
    {
        using var client = Client();
        var asked = Ask("The weather?") with { Tools = [Weather] };
        var called = await client.Messages.Create(asked, Token);
        Assert.Equal("tool_use", called.StopReason!.Raw());
        var use = called.Content.Select(block => block.TryPickToolUse(out var found) ? found : null).Single(found => found is not null)!;
        Assert.Equal(("weather", "Paris"), (use.Name, use.Input["city"].GetString()));

        var turn = new { role = "assistant", content = called.Content.Select(block => block.Json).ToArray() };
        var result = new { role = "user", content = new[] { new { type = "tool_result", tool_use_id = use.ID, content = "Rain in Paris" } } };
        var answer = await client.Messages.Create(asked with { Messages = [.. asked.Messages, Turn(turn), Turn(result)] }, Token);
        Assert.Equal("It rains.", TextOf(answer));

        var arguments = new StringBuilder();
        await foreach (var one in client.Messages.CreateStreaming(asked, Token))
        {
            if (one.TryPickContentBlockDelta(out var piece) && piece.Delta.TryPickInputJson(out var json)) arguments.Append(json.PartialJson);
        }
        Assert.Equal("Paris", JsonDocument.Parse(arguments.ToString()).RootElement.GetProperty("city").GetString());
    }

    [Fact]
    public async Task A_message_answers_in_a_schema()
    {
        using var client = Client();
        var schema = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>("""{"type":"object","properties":{"city":{"type":"string"},"degrees":{"type":"integer"}},"required":["city","degrees"],"additionalProperties":false}""")!;
        var answer = await client.Messages.Create(Ask("Paris as JSON") with { OutputConfig = new OutputConfig { Format = new JsonOutputFormat { Schema = schema } } }, Token);
        Assert.Equal(ServedGateway.Place, TextOf(answer));
    }

    [Fact]
    public async Task Tokens_are_counted_and_models_listed()
    {
        using var client = Client();
        var count = await client.Messages.CountTokens(new MessageCountTokensParams { Model = ServedGateway.Model, Messages = [new UserMessageParam { Content = "Hi" }] }, Token);
        Assert.True(count.InputTokens > 0);
        var models = await client.Models.List(cancellationToken: Token);
        Assert.Equal([ServedGateway.Model], models.Items.Select(model => model.ID));
        Assert.False(models.HasNext());
        var one = await client.Models.Retrieve(ServedGateway.Model, cancellationToken: Token);
        Assert.Equal((ServedGateway.Model, DateTimeOffset.UnixEpoch), (one.DisplayName, one.CreatedAt));
        await Assert.ThrowsAsync<AnthropicNotFoundException>(() => client.Models.Retrieve("nobody", cancellationToken: Token));
    }

    [Fact]
    public async Task Failures_come_in_the_packages_own_classes()
    {
        using var wrong = Client("hydra-wrong");
        await Assert.ThrowsAsync<AnthropicUnauthorizedException>(() => wrong.Messages.Create(Ask("Hi"), Token));
        var listing = await Assert.ThrowsAsync<AnthropicUnauthorizedException>(() => wrong.Models.List(cancellationToken: Token));
        Assert.Contains("authentication_error", listing.ResponseBody);
        using var client = Client();
        await Assert.ThrowsAsync<AnthropicNotFoundException>(() => client.Messages.Create(Ask("Hi") with { Model = "nobody" }, Token));
        var tooLong = await Assert.ThrowsAsync<AnthropicBadRequestException>(() => client.Messages.Create(Ask("too long"), Token));
        Assert.Equal(HttpStatusCode.BadRequest, tooLong.StatusCode);
    }

    [Fact]
    public async Task A_stream_that_is_cut_fails()
    {
        using var client = Client();
        var failure = await Assert.ThrowsAnyAsync<AnthropicException>(async () =>
        {
            await foreach (var one in client.Messages.CreateStreaming(Ask("cut"), Token)) Assert.False(one.TryPickStop(out _));
        });
        Assert.NotNull(failure.Message);
    }

    [Fact]
    public async Task A_busy_moment_is_repeated_by_the_package_and_a_spent_budget_is_not()
    {
        using var client = Client();
        Assert.Equal(ServedGateway.Hello, TextOf(await client.Messages.Create(Ask("once busy, Anthropic"), Token)));
        Assert.Equal(2, gateway.CallsWith("once busy, Anthropic"));

        using var counting = new CountingHandler();
        using var http = new HttpClient(counting);
        using var poor = new AnthropicClient { BaseUrl = gateway.Url, ApiKey = gateway.Poor, HttpClient = http };
        var refused = await Assert.ThrowsAnyAsync<AnthropicApiException>(() => poor.Messages.Create(Ask("nothing to spend, Anthropic"), Token));
        Assert.Contains("billing_error", refused.ResponseBody);
        Assert.Equal((1, 0), (counting.Count, gateway.CallsWith("nothing to spend, Anthropic")));
    }

    private static MessageCreateParams Ask(string text) => new() { Model = ServedGateway.Model, MaxTokens = 100, Messages = [new UserMessageParam { Content = text }] };

    private static MessageParam Turn(object turn) => new(JsonSerializer.SerializeToElement(turn));

    private static string TextOf(Message message) => string.Concat(message.Content.Select(block => block.TryPickText(out var text) ? text.Text : ""));

    private AnthropicClient Client(string? key = null) => new() { BaseUrl = gateway.Url, ApiKey = key ?? gateway.Rich };
}
