using System.Text.Json;
using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>What the OpenAI and the Anthropic client must do alike, over real loopback HTTP.</summary>
public sealed class WireClientTests
{
    private const string Gpt = "gpt-4o", Claude = "claude-sonnet-4-5";

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task An_answer_comes_whole_and_streamed(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "Hello, wide world",
            Chunks = 4 }));
        foreach (var response in await fake.BothAsync(model))
        {
            Assert.Equal("Hello, wide world", response.Text);
            Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
            Assert.Equal(model, response.ModelId);
            Assert.NotEmpty(response.ResponseId!);
        }
        Assert.Equal([false, true], fake.Calls.Select(call => call.IsStream));
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task Usage_is_read_in_disjoint_classes(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "x",
            Usage = new(Input: 10, Output: 3, CacheRead: 5, CacheWrite: 2, Reasoning: 4) }));
        foreach (var response in await fake.BothAsync(model))
        {
            Assert.Equal(new TokenUsage(10, 3, 5, 2, 4), UsageReader.Read(response.Usage));
            Assert.Equal(17, response.Usage!.InputTokenCount);
            Assert.Equal(7, response.Usage.OutputTokenCount);
        }
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task Tool_calls_come_whole_with_their_arguments(string model)
    {
        var script = FakeScript.Of(new FakeRule { ToolCalls = [Call("weather", """{"city":"Oslo"}"""), Call("weather", """{"city":"Bergen"}""")] });
        await using var fake = await FakeProvider.StartAsync(script);
        foreach (var response in await fake.BothAsync(model, new ChatOptions { Tools = [Calls.Weather] }))
        {
            var calls = response.Messages[0].Contents.OfType<FunctionCallContent>().ToArray();
            Assert.Equal(["Oslo", "Bergen"], calls.Select(call => call.Arguments!["city"]!.ToString()!));
            Assert.Equal(2, calls.Select(call => call.CallId).Distinct().Count());
            Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
        }
        Assert.Contains("Says the weather of a city.", fake.Calls[0].Body);
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task A_tool_result_goes_back_under_the_id_of_its_call(string model)
    {
        await using var fake = await FakeProvider.StartAsync();
        using var gateway = new ModelGateway(Calls.To(fake));
        ChatMessage[] messages =
        [
            new(ChatRole.System, "Be brief."), new(ChatRole.User, "Weather?"),
            new(ChatRole.Assistant,
                [new FunctionCallContent("c1", "weather", new Dictionary<string,
                object?>(StringComparer.Ordinal) { ["city"] = "Oslo" })]),
            new(ChatRole.Tool, [new FunctionResultContent("c1", "Rain")]),
        ];
        await gateway.GetClient(model).GetResponseAsync(messages,
            cancellationToken: TestContext.Current.CancellationToken);
        using var body = JsonDocument.Parse(fake.Calls[0].Body);
        var sent = body.RootElement.GetProperty("messages").EnumerateArray().ToArray();
        if (model == Gpt)
        {
            Assert.Equal(["system", "user", "assistant", "tool"], sent
                .Select(message => message.GetProperty("role").GetString()!));
            Assert.Equal("c1", sent[3].GetProperty("tool_call_id").GetString());
        }
        else
        {
            Assert.Equal(["user", "assistant", "user"], sent
                .Select(message => message.GetProperty("role").GetString()!));
            Assert.Equal("c1", sent[2].GetProperty("content")[0].GetProperty("tool_use_id").GetString());
            Assert.Equal("Be brief.", body.RootElement.GetProperty("system").GetString());
        }
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task A_schema_shapes_the_answer(string model)
    {
        var schema = JsonSerializer.SerializeToElement(new { type = "object",
            properties = new { city = new { type = "string" } }, required = new[] { "city" } });
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = """{"city":"Oslo"}""" }));
        foreach (var response in await fake.BothAsync(model,
            new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema, "place") }))
        {
            Assert.Equal("""{"city":"Oslo"}""", response.Text);
            Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        }
        Assert.Contains("\"required\":[\"city\"]", fake.Calls[0].Body);
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task A_picture_goes_along(string model)
    {
        await using var fake = await FakeProvider.StartAsync();
        using var gateway = new ModelGateway(Calls.To(fake));
        var message = new ChatMessage(ChatRole.User,
            [new TextContent("What is it?"), new DataContent(new byte[] { 1, 2, 3 }, "image/png")]);
        await gateway.GetClient(model).GetResponseAsync([message],
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains("AQID", fake.Calls[0].Body);
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task Options_reach_the_provider(string model)
    {
        await using var fake = await FakeProvider.StartAsync();
        await fake.AskAsync(model,
            new ChatOptions { MaxOutputTokens = 77, Temperature = 0.5f, TopP = 0.25f, StopSequences = ["END"],
            Instructions = "Be kind." });
        using var body = JsonDocument.Parse(fake.Calls[0].Body);
        Assert.Equal(77, body.RootElement.GetProperty("max_tokens").GetInt32());
        Assert.Equal(0.5, body.RootElement.GetProperty("temperature").GetDouble());
        Assert.Contains("Be kind.", fake.Calls[0].Body);
        Assert.Contains("END", fake.Calls[0].Body);
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task An_answer_cut_at_the_limit_says_so(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "half",
            Finish = "length" }));
        foreach (var response in await fake.BothAsync(model))
        {
            Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        }
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task Cancelling_ends_the_request_upstream(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "abcdef",
            CutAfter = 3, Then = "hang" }));
        using var gateway = new ModelGateway(Calls.To(fake));
        foreach (var isStream in new[] { false, true })
        {
            using var cancel = new CancellationTokenSource();
            var client = gateway.GetClient(model);
            Task answer = isStream
                ? client.GetStreamingResponseAsync("Hi",
                    cancellationToken: cancel.Token).ToChatResponseAsync(CancellationToken.None)
                : client.GetResponseAsync("Hi", cancellationToken: cancel.Token);
            var call = await fake.WaitForCallAsync(isStream ? 2 : 1, TestContext.Current.CancellationToken);
            await call.Written;
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
            Assert.Equal("cancelled", await call.Ended.WaitAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_stream_asks_for_usage_and_a_reader_that_stops_early_ends_the_request()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "abcdef",
            CutAfter = 3, Then = "hang" }));
        using var gateway = new ModelGateway(Calls.To(fake));
        await foreach (var update in gateway.GetClient(Gpt).GetStreamingResponseAsync("Hi",
            cancellationToken: TestContext.Current.CancellationToken))
        {
            if (update.Text.Length > 0) break;
        }
        Assert.Equal("cancelled", await fake.Calls[0].Ended.WaitAsync(TestContext.Current.CancellationToken));
        Assert.Contains("\"include_usage\":true", fake.Calls[0].Body);
    }

    [Fact]
    public async Task A_server_that_ignores_the_wish_to_stream_is_understood()
    {
        const string body = """{"id":"x","model":"m","choices":[{"message":{"role":"assistant","content":"whole"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}""";
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Body = body,
            ContentType = "application/json" }));
        var response = await fake.StreamAsync(Gpt);
        Assert.Equal("whole", response.Text);
        Assert.Equal(new TokenUsage(1, 2), UsageReader.Read(response.Usage));
    }

    [Fact]
    public async Task Gemini_and_Ollama_by_their_OpenAI_addresses_and_a_gateway_are_reached_in_the_same_format()
    {
        await using var fake = await FakeProvider.StartAsync();
        var options = new GatewayOptions { GeminiApiKey = "k", GeminiBaseUrl = fake.Url + "/v1beta/openai", OllamaHost = fake.Url + "/v1",
            GatewayUrl = fake.Url + "/" };
        using var gateway = new ModelGateway(options);
        foreach (var model in (string[])["gemini-2.5-pro", "ollama/llama3.2", "claude-sonnet-4-5"])
        {
            await gateway.GetClient(model).GetResponseAsync("Hi",
                cancellationToken: TestContext.Current.CancellationToken);
        }
        Assert.Equal(["gemini-2.5-pro", "llama3.2", "claude-sonnet-4-5"], fake.Calls.Select(call => call.Model));
    }

    [Fact]
    public async Task Usage_that_was_not_told_is_unknown_not_zero()
    {
        const string whole = """{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}""";
        const string stream = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(
            new FakeRule { When = new() { Stream = true }, Body = stream },
                new FakeRule { Body = whole, ContentType = "application/json" }));
        foreach (var response in await fake.BothAsync(Gpt)) Assert.Null(response.Usage);
    }

    [Fact]
    public async Task Calls_in_parallel_keep_their_answers_apart()
    {
        await using var fake = await FakeProvider.StartAsync();
        using var gateway = new ModelGateway(Calls.To(fake));
        var client = gateway.GetClient(Gpt);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200)
            .Select(i => client.GetStreamingResponseAsync($"no {i}",
            cancellationToken: TestContext.Current.CancellationToken).ToChatResponseAsync()));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"Fake answer to: no {i}"), answers
            .Select(answer => answer.Text));
    }

    [Fact]
    public async Task Anthropic_thoughts_keep_their_signature_for_the_way_back()
    {
        const string body = """{"type":"message","id":"m1","model":"c","content":[{"type":"thinking","thinking":"Hm.","signature":"sig=="},{"type":"text","text":"Yes"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}""";
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Times = 1, Body = body,
            ContentType = "application/json" }));
        using var gateway = new ModelGateway(Calls.To(fake));
        var client = gateway.GetClient(Claude);
        var first = await client.GetResponseAsync("Hi", cancellationToken: TestContext.Current.CancellationToken);
        await client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi"), .. first.Messages,
            new ChatMessage(ChatRole.User, "Go on")], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains("\"signature\":\"sig==\"", fake.Calls[1].Body);
    }

    private static FakeToolCall Call(string name, string arguments) =>
        new() { Name = name, Arguments = JsonDocument.Parse(arguments).RootElement };
}
