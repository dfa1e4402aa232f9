using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Models;
using OpenAI.Responses;

namespace Hydra.Interop.Tests;

/// <summary>OpenAI's own .NET package at every door that it speaks.</summary>
public sealed class OpenAITests(ServedGateway gateway) : IClassFixture<ServedGateway>
{
    private static readonly BinaryData CitySchema = BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}""");
    private static readonly BinaryData PlaceSchema = BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"},"degrees":{"type":"integer"}},"required":["city","degrees"],"additionalProperties":false}""");
    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool("weather", "Says the weather of a city.", CitySchema);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_chat_comes_whole_and_streamed_with_its_usage()
    {
        ChatCompletion whole = await Chat().CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: Token);
        Assert.Equal(ServedGateway.Hello, whole.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, whole.FinishReason);
        Assert.True(whole.Usage.TotalTokenCount > 0);

        var text = new StringBuilder();
        ChatTokenUsage? usage = null;
        await foreach (var update in Chat().CompleteChatStreamingAsync([new UserChatMessage("Hi")], cancellationToken: Token))
        {
            foreach (var part in update.ContentUpdate) text.Append(part.Text);
            usage = update.Usage ?? usage;
        }
        Assert.Equal(ServedGateway.Hello, text.ToString());
        Assert.Equal(whole.Usage.TotalTokenCount, usage!.TotalTokenCount);
    }

    [Fact]
    public async Task A_chat_calls_a_tool_and_takes_its_result()
    {
        var options = new ChatCompletionOptions { Tools = { Weather }, ToolChoice = ChatToolChoice.CreateAutoChoice() };
        List<OpenAI.Chat.ChatMessage> messages = [new UserChatMessage("The weather?")];
        ChatCompletion called = await Chat().CompleteChatAsync(messages, options, Token);
        Assert.Equal(ChatFinishReason.ToolCalls, called.FinishReason);
        var call = Assert.Single(called.ToolCalls);
        Assert.Equal(("weather", "Paris"), (call.FunctionName, CityOf(call.FunctionArguments)));

        messages.Add(new AssistantChatMessage(called));
        messages.Add(new ToolChatMessage(call.Id, "Rain in Paris"));
        ChatCompletion answer = await Chat().CompleteChatAsync(messages, options, Token);
        Assert.Equal("It rains.", answer.Content[0].Text);

        var arguments = new StringBuilder();
        await foreach (var update in Chat().CompleteChatStreamingAsync([new UserChatMessage("The weather?")], options, Token))
        {
            foreach (var piece in update.ToolCallUpdates) arguments.Append(piece.FunctionArgumentsUpdate);
        }
        Assert.Equal("Paris", CityOf(BinaryData.FromString(arguments.ToString())));
    }

    [Fact]
    public async Task A_chat_answers_in_a_schema()
    {
        var options = new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("place", PlaceSchema, jsonSchemaIsStrict: true) };
        ChatCompletion answer = await Chat().CompleteChatAsync([new UserChatMessage("Paris as JSON")], options, Token);
        Assert.Equal(ServedGateway.Place, answer.Content[0].Text);
    }

    [Fact]
    public async Task A_response_comes_whole_and_streamed()
    {
        ResponseResult whole = await Responses().CreateResponseAsync(Ask("Hi"), Token);
        Assert.Equal(ServedGateway.Hello, whole.GetOutputText());
        Assert.Equal(ResponseStatus.Completed, whole.Status);

        var text = new StringBuilder();
        ResponseResult? end = null;
        var streamed = Ask("Hi");
        streamed.StreamingEnabled = true;
        await foreach (var update in await Responses().CreateResponseStreamingAsync(streamed, Token))
        {
            if (update is StreamingResponseOutputTextDeltaUpdate delta) text.Append(delta.Delta);
            if (update is StreamingResponseCompletedUpdate completed) end = completed.Response;
        }
        Assert.Equal(ServedGateway.Hello, text.ToString());
        Assert.Equal(ServedGateway.Hello, end!.GetOutputText());
        Assert.Equal(whole.Usage.TotalTokenCount, end.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task A_response_calls_a_tool_takes_its_result_and_answers_in_a_schema()
    {
        var options = Ask("The weather?");
        options.Tools.Add(ResponseTool.CreateFunctionTool("weather", CitySchema, strictModeEnabled: true));
        ResponseResult called = await Responses().CreateResponseAsync(options, Token);
        var call = Assert.Single(called.OutputItems.OfType<FunctionCallResponseItem>());
        Assert.Equal(("weather", "Paris"), (call.FunctionName, CityOf(call.FunctionArguments)));

        foreach (var item in called.OutputItems) options.InputItems.Add(item);
        options.InputItems.Add(ResponseItem.CreateFunctionCallOutputItem(call.CallId, "Rain in Paris"));
        ResponseResult answer = await Responses().CreateResponseAsync(options, Token);
        Assert.Equal("It rains.", answer.GetOutputText());

        var shaped = Ask("Paris as JSON");
        shaped.TextOptions = new ResponseTextOptions { TextFormat = ResponseTextFormat.CreateJsonSchemaFormat("place", PlaceSchema, jsonSchemaIsStrict: true) };
        ResponseResult place = await Responses().CreateResponseAsync(shaped, Token);
        Assert.Equal(ServedGateway.Place, place.GetOutputText());
    }

    [Fact]
    public async Task Texts_become_vectors()
    {
        var client = new EmbeddingClient(ServedGateway.Model, new ApiKeyCredential(gateway.Rich), Options());
        OpenAIEmbeddingCollection vectors = await client.GenerateEmbeddingsAsync(["one", "two"], cancellationToken: Token);
        Assert.Equal([0, 1], vectors.Select(vector => vector.Index));
        Assert.All(vectors, vector => Assert.True(vector.ToFloats().Length > 0));
        Assert.True(vectors.Usage.TotalTokenCount > 0);
    }

    [Fact]
    public async Task Models_are_listed_and_found_by_name()
    {
        var client = new OpenAIModelClient(new ApiKeyCredential(gateway.Rich), Options());
        OpenAIModelCollection models = await client.GetModelsAsync(Token);
        Assert.Equal([ServedGateway.Model], models.Select(model => model.Id));
        OpenAIModel one = await client.GetModelAsync(ServedGateway.Model, Token);
        Assert.Equal(ServedGateway.Model, one.Id);
        Assert.Equal(404, (await Assert.ThrowsAsync<ClientResultException>(async () => await client.GetModelAsync("nobody", Token))).Status);
    }

    [Fact]
    public async Task Failures_come_in_the_packages_own_words()
    {
        var wrong = await Assert.ThrowsAsync<ClientResultException>(async () => await Chat("hydra-wrong").CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: Token));
        Assert.Equal((401, "invalid_api_key"), (wrong.Status, CodeOf(wrong)));
        var unknown = await Assert.ThrowsAsync<ClientResultException>(async () => await Chat(model: "nobody").CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: Token));
        Assert.Equal((404, "model_not_found"), (unknown.Status, CodeOf(unknown)));
        var tooLong = await Assert.ThrowsAsync<ClientResultException>(async () => await Chat().CompleteChatAsync([new UserChatMessage("too long")], cancellationToken: Token));
        Assert.Equal((400, "context_length_exceeded"), (tooLong.Status, CodeOf(tooLong)));
        var inResponses = await Assert.ThrowsAsync<ClientResultException>(async () => await Responses().CreateResponseAsync(Ask("too long"), Token));
        Assert.Equal((400, "context_length_exceeded"), (inResponses.Status, CodeOf(inResponses)));
    }

    [Fact]
    public async Task A_stream_that_is_cut_never_passes_for_a_whole_one()
    {
        ChatFinishReason? finish = null;
        var failure = await Record.ExceptionAsync(async () =>
        {
            await foreach (var update in Chat().CompleteChatStreamingAsync([new UserChatMessage("cut")], cancellationToken: Token)) finish = update.FinishReason ?? finish;
        });
        Assert.True(failure is not null || finish is null, $"it ended with {finish}");

        var kinds = new List<StreamingResponseUpdate>();
        var streamed = Ask("cut");
        streamed.StreamingEnabled = true;
        await foreach (var update in await Responses().CreateResponseStreamingAsync(streamed, Token)) kinds.Add(update);
        Assert.Equal(ResponseStatus.Failed, Assert.IsType<StreamingResponseFailedUpdate>(kinds[^1]).Response.Status);
        Assert.DoesNotContain(kinds, update => update is StreamingResponseCompletedUpdate);
    }

    [Fact]
    public async Task A_busy_moment_is_repeated_by_the_package_and_a_spent_budget_never_reaches_the_provider()
    {
        ChatCompletion answer = await Chat().CompleteChatAsync([new UserChatMessage("once busy, OpenAI")], cancellationToken: Token);
        Assert.Equal(ServedGateway.Hello, answer.Content[0].Text);
        Assert.Equal(2, gateway.CallsWith("once busy, OpenAI"));

        using var counting = new CountingHandler();
        using var http = new HttpClient(counting);
        var options = Options();
        options.Transport = new HttpClientPipelineTransport(http);
        options.RetryPolicy = new ClientRetryPolicy(maxRetries: 1);
        var poor = new ChatClient(ServedGateway.Model, new ApiKeyCredential(gateway.Poor), options);
        var refused = await Assert.ThrowsAsync<ClientResultException>(async () => await poor.CompleteChatAsync([new UserChatMessage("nothing to spend, OpenAI")], cancellationToken: Token));
        Assert.Equal((429, "budget_exceeded"), (refused.Status, CodeOf(refused)));
        Assert.Equal("false", refused.GetRawResponse()!.Headers.TryGetValue("x-should-retry", out var should) ? should : null);
        Assert.InRange(counting.Count, 1, 2);
        Assert.Equal(0, gateway.CallsWith("nothing to spend, OpenAI"));
    }

    private static string? CityOf(BinaryData arguments) => JsonDocument.Parse(arguments).RootElement.GetProperty("city").GetString();

    private static string? CodeOf(ClientResultException failure) =>
        JsonDocument.Parse(failure.GetRawResponse()!.Content).RootElement.GetProperty("error").GetProperty("code").GetString();

    private static CreateResponseOptions Ask(string text) => new(ServedGateway.Model, [ResponseItem.CreateUserMessageItem(text)]) { StoredOutputEnabled = false };

    private OpenAIClientOptions Options() => new() { Endpoint = new Uri(gateway.Url + "/v1") };

    private ChatClient Chat(string? key = null, string model = ServedGateway.Model) => new(model, new ApiKeyCredential(key ?? gateway.Rich), Options());

    private ResponsesClient Responses() => new(new ApiKeyCredential(gateway.Rich), new ResponsesClientOptions { Endpoint = new Uri(gateway.Url + "/v1") });
}
