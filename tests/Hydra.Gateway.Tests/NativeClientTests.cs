using System.Text.Json;
using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>What the clients of Gemini, Ollama and Bedrock must do alike, over real loopback HTTP.</summary>
public sealed class NativeClientTests
{
    public static TheoryData<string> All => Natives.All;

    [Theory, MemberData(nameof(All))]
    public async Task An_answer_comes_whole_and_streamed(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "Hello, wide world", Chunks = 4 }));
        foreach (var response in await fake.TwiceAsync(model))
        {
            Assert.Equal("Hello, wide world", response.Text);
            Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
            Assert.NotEmpty(response.ModelId!);
        }
        Assert.Equal([false, true], fake.Calls.Select(call => call.IsStream));
        Assert.Equal(model.Split('/')[^1], fake.Calls[0].Model);
    }

    [Theory]
    [InlineData(Natives.Gemini, 10, 3, 5, 0, 4)]
    [InlineData(Natives.Ollama, 10, 3, 0, 0, 0)]
    [InlineData(Natives.Bedrock, 10, 3, 5, 2, 0)]
    public async Task Usage_is_read_in_disjoint_classes(string model, int input, int output, int read, int write, int reasoning)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "x",
            Usage = new(input, output, read, write, reasoning) }));
        foreach (var response in await fake.TwiceAsync(model))
        {
            Assert.Equal(new TokenUsage(input, output, read, write, reasoning), UsageReader.Read(response.Usage));
        }
    }

    [Theory, MemberData(nameof(All))]
    public async Task Tool_calls_come_whole_and_their_results_go_back(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(
            new FakeRule { Times = 2, ToolCalls = [Natives.Tool("weather", """{"city":"Oslo"}"""), Natives.Tool("weather", """{"city":"Bergen"}""")] }));
        var options = new ChatOptions { Tools = [Calls.Weather] };
        foreach (var response in await fake.TwiceAsync(model, options))
        {
            var calls = response.Messages[0].Contents.OfType<FunctionCallContent>().ToArray();
            Assert.Equal(["Oslo", "Bergen"], calls.Select(call => call.Arguments!["city"]!.ToString()!));
            Assert.Equal(2, calls.Select(call => call.CallId).Distinct(StringComparer.Ordinal).Count());
            Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
            Assert.Equal("Fake answer", (await fake.CallAsync(model, true, options, Natives.After(response))).Text[..11]);
        }
        Assert.Contains("Says the weather of a city.", fake.Calls[0].Body);
        Assert.Contains("Bergen", fake.Calls[2].Body);
        Assert.Contains("Rain", fake.Calls[2].Body);
    }

    [Theory, MemberData(nameof(All))]
    public async Task A_schema_shapes_the_answer(string model)
    {
        var schema = JsonSerializer.SerializeToElement(new { type = "object", properties = new { city = new { type = "string" } },
            required = new[] { "city" } });
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = """{"city":"Oslo"}""" }));
        foreach (var response in await fake.TwiceAsync(model, new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) }))
        {
            Assert.Equal("""{"city":"Oslo"}""", response.Text);
            Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        }
        Assert.Contains("\"required\":[\"city\"]", fake.Calls[0].Body);
    }

    [Theory, MemberData(nameof(All))]
    public async Task A_picture_and_the_options_go_along(string model)
    {
        await using var fake = await FakeProvider.StartAsync();
        var message = new ChatMessage(ChatRole.User, [new TextContent("What is it?"), new DataContent(new byte[] { 1, 2, 3 }, "image/png")]);
        await fake.CallAsync(model, false, new ChatOptions { MaxOutputTokens = 77, Temperature = 0.5f, TopP = 0.25f,
            StopSequences = ["END"], Instructions = "Be kind." }, message);
        foreach (var part in (string[])["AQID", "77", "0.5", "0.25", "END", "Be kind.", "What is it?"])
        {
            Assert.Contains(part, fake.Calls[0].Body);
        }
    }

    [Theory, MemberData(nameof(All))]
    public async Task Thoughts_are_shown_apart_from_the_answer(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "Yes", Thought = "Hm." }));
        foreach (var response in await fake.TwiceAsync(model))
        {
            Assert.Equal("Yes", response.Text);
            Assert.Equal("Hm.", Assert.Single(response.Messages[0].Contents.OfType<TextReasoningContent>()).Text);
        }
    }

    [Theory, MemberData(nameof(All))]
    public async Task An_answer_cut_at_the_limit_says_so(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "half", Finish = "length" }));
        foreach (var response in await fake.TwiceAsync(model)) Assert.Equal(ChatFinishReason.Length, response.FinishReason);
    }

    [Theory]
    [InlineData(Natives.Gemini), InlineData(Natives.Bedrock)]
    public async Task A_filtered_answer_is_a_failure_with_its_usage(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "bad", Finish = "content_filter",
            Usage = new(Input: 4, Output: 1) }));
        foreach (var isStream in new[] { false, true })
        {
            var failure = await fake.RefusedAsync(model, isStream);
            Assert.Equal(ErrorCode.ContentFiltered, failure.Code);
            Assert.Equal(new TokenUsage(4, 1), failure.Usage);
        }
    }

    [Theory]
    [InlineData(400, "bad_request")]
    [InlineData(403, "auth")]
    [InlineData(404, "bad_request")]
    [InlineData(408, "timeout")]
    [InlineData(429, "rate_limited")]
    [InlineData(500, "provider_error")]
    [InlineData(503, "provider_error")]
    public async Task A_status_becomes_an_error_code(int status, string code)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Status = status, ErrorMessage = "said so" }));
        foreach (var model in (string[])[Natives.Gemini, Natives.Ollama, Natives.Bedrock])
        {
            var failure = await fake.RefusedAsync(model, isStream: status % 2 == 0);
            Assert.Equal((code, status), (failure.Code.Name, failure.HttpStatus));
            Assert.Contains("said so", failure.Message);
            Assert.Contains(fake.Url, failure.Message);
        }
    }

    [Theory, MemberData(nameof(All))]
    public async Task An_error_inside_a_stream_is_a_failure(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "abcdef", CutAfter = 2, Then = "error",
            ErrorMessage = "the model fell over" }));
        var failure = await fake.RefusedAsync(model, isStream: true);
        Assert.Equal(ErrorCode.ProviderError, failure.Code);
        Assert.Contains("the model fell over", failure.Message);
    }

    [Theory, MemberData(nameof(All))]
    public async Task A_stream_that_stops_before_its_end_is_truncated(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "abcdef", CutAfter = 3 }));
        var failure = await fake.RefusedAsync(model, isStream: true);
        Assert.Equal(ErrorCode.ProviderError, failure.Code);
        Assert.Contains("truncated", failure.Message);
    }

    [Theory, MemberData(nameof(All))]
    public async Task A_stream_written_byte_by_byte_is_the_same_answer(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "Grüße", WriteSizes = [1, 3, 1] }));
        Assert.Equal("Grüße", (await fake.CallAsync(model, isStream: true)).Text);
    }

    [Theory, MemberData(nameof(All))]
    public async Task Silence_is_a_timeout_and_a_web_page_names_the_setting(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Times = 1, Then = "hang" },
            new FakeRule { Body = "<!doctype html><title>Log in</title>", ContentType = "text/html" }));
        var time = new ManualTime();
        using var gateway = new ModelGateway(Natives.To(fake) with { Clock = time });
        var answer = gateway.GetClient(model).GetResponseAsync("Hi", null, TestContext.Current.CancellationToken);
        await (await fake.WaitForCallAsync(1, TestContext.Current.CancellationToken)).Written;
        time.Expire();
        Assert.Equal(ErrorCode.Timeout, (await Assert.ThrowsAsync<CallFailedException>(() => answer)).Code);
        var setting = model == Natives.Gemini ? "GEMINI_BASE_URL" : model == Natives.Ollama ? "OLLAMA_HOST" : "AWS_ENDPOINT_URL_BEDROCK_RUNTIME";
        Assert.Contains(setting, (await fake.RefusedAsync(model)).Message);
    }

    [Theory, MemberData(nameof(All))]
    public async Task Arguments_that_are_no_object_are_kept_as_they_came_and_marked(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { ToolCalls = [Natives.Tool("weather", "[1]")] }));
        foreach (var isStream in new[] { false, true })
        {
            var call = (await fake.CallAsync(model, isStream)).Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Single();
            Assert.Equal((ErrorCode.InvalidOutput, "[1]"), (Assert.IsType<CallFailedException>(call.Exception).Code, Wire.ToolText.Arguments(call)));
        }
    }

    [Theory]
    [InlineData(Natives.Gemini, 100)]
    [InlineData(Natives.Ollama, 256)]
    public async Task Texts_become_vectors_in_their_order(string model, int most)
    {
        await using var fake = await FakeProvider.StartAsync();
        using var gateway = new ModelGateway(Natives.To(fake));
        var embedder = gateway.GetEmbeddings(model);
        var texts = Enumerable.Range(0, most + 1).Select(i => $"text {i}").ToArray();
        var all = await embedder.GenerateAsync(texts, new EmbeddingGenerationOptions { Dimensions = 5 }, TestContext.Current.CancellationToken);
        Assert.Equal(2, fake.Calls.Count);   // more than one request holds
        Assert.Equal(texts.Length, all.Count);
        Assert.All(all, one => Assert.Equal(5, one.Vector.Length));
        var alone = await embedder.GenerateAsync([texts[^1]], new EmbeddingGenerationOptions { Dimensions = 5 }, TestContext.Current.CancellationToken);
        Assert.Equal(alone[0].Vector.ToArray(), all[^1].Vector.ToArray());
        Assert.Equal(model == Natives.Ollama, all.Usage is not null);   // unknown is not zero
    }

    [Fact]
    public async Task Vectors_that_do_not_fit_the_texts_are_a_failure()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(
            new FakeRule { Times = 1, Body = """{"embeddings":[[1,2]]}""", ContentType = "application/json" },
            new FakeRule { Body = """{"embeddings":[[1,"x"],[]]}""", ContentType = "application/json" }));
        using var gateway = new ModelGateway(Natives.To(fake));
        for (var i = 0; i < 2; i++)
        {
            var failure = await Assert.ThrowsAsync<CallFailedException>(() =>
                gateway.GetEmbeddings(Natives.Ollama).GenerateAsync(["a", "b"], null, TestContext.Current.CancellationToken));
            Assert.Equal(ErrorCode.ProviderError, failure.Code);
        }
        Assert.Contains("gives no embeddings", Assert.Throws<ModelUnavailableException>(() => gateway.GetEmbeddings(Natives.Bedrock)).Message);
    }
}
