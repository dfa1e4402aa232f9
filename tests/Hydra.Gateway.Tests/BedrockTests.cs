using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>What only Amazon's format has.</summary>
public sealed class BedrockTests
{
    [Fact]
    public async Task A_request_is_signed_so_that_the_service_can_check_it()
    {
        await using var fake = await FakeProvider.StartAsync();
        var right = Natives.To(fake);
        await AskAsync(right, "bedrock/arn:aws:bedrock:eu-central-1:1:inference-profile/eu.model-v1:0");
        await AskAsync(right with { Aws = right.Aws with { SessionToken = "a/session+token==" } });
        await AskAsync(right with { Aws = new AwsOptions { BearerToken = "bedrock-api-key", Region = "us-east-1", Endpoint = fake.Url } });
        Assert.Equal(3, fake.Calls.Count);
        Assert.Equal("arn:aws:bedrock:eu-central-1:1:inference-profile/eu.model-v1:0", fake.Calls[0].Model);
        Assert.StartsWith("/model/arn%3Aaws", fake.Calls[0].Path);

        foreach (var wrong in (AwsOptions[])[right.Aws with { SecretAccessKey = "another" }, right.Aws with { AccessKeyId = "AKIDOTHER" }])
        {
            var failure = await Assert.ThrowsAsync<CallFailedException>(() => AskAsync(right with { Aws = wrong }));
            Assert.Equal((ErrorCode.Auth, 403), (failure.Code, failure.HttpStatus));
        }
    }

    [Fact]
    public async Task A_changed_body_no_longer_fits_its_signature()
    {
        await using var fake = await FakeProvider.StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, fake.Url + "/model/m/converse") { Content = new StringContent("{}") };
        request.Content.Headers.ContentType = new("application/json");
        var signer = new Bedrock.SigV4(FakeSignature.AccessKeyId, FakeSignature.SecretAccessKey, "us-east-1", "bedrock");
        var headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["host"] = request.RequestUri!.Authority, ["x-amz-date"] = "20260101T000000Z" };
        request.Headers.TryAddWithoutValidation("Authorization", signer.Authorization("POST", "/model/m/converse", [], headers, "{ }"u8));
        request.Headers.Add("x-amz-date", "20260101T000000Z");
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(403, (int)answer.StatusCode);
        Assert.Equal("InvalidSignatureException", answer.Headers.GetValues("x-amzn-ErrorType").Single());
    }

    [Fact]
    public async Task Sealed_thoughts_come_back_even_from_a_conversation_kept_as_json()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Times = 2, Thought = "Hm.", ThoughtState = "c2ln",
            ToolCalls = [Natives.Tool("weather", """{"city":"Oslo"}""")] }));
        var options = new ChatOptions { Tools = [Calls.Weather] };
        foreach (var response in await fake.TwiceAsync(Natives.Bedrock, options))
        {
            await fake.CallAsync(Natives.Bedrock, false, options, Natives.After(response));
            var said = fake.BodyOf(fake.Calls.Count).GetProperty("messages")[1].GetProperty("content")[0]
                .GetProperty("reasoningContent").GetProperty("reasoningText");
            Assert.Equal(("Hm.", "c2ln"), (said.GetProperty("text").GetString(), said.GetProperty("signature").GetString()));
        }
    }

    [Fact]
    public async Task Thoughts_that_are_only_sealed_come_back_as_they_were()
    {
        const string body = """{"output":{"message":{"content":[{"reasoningContent":{"redactedContent":"c2VhbGVk"}},{"text":"Yes"}]}},"stopReason":"end_turn"}""";
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Times = 1, Body = body, ContentType = "application/json" }));
        var response = await fake.CallAsync(Natives.Bedrock, false);
        Assert.Null(response.Usage);   // unknown is not zero
        await fake.CallAsync(Natives.Bedrock, false, null, Natives.After(response));
        Assert.Contains("""{"reasoningContent":{"redactedContent":"c2VhbGVk"}}""", fake.Calls[1].Body);
    }

    [Theory]
    [InlineData("guardrail_intervened", "content_filtered")]
    [InlineData("malformed_tool_use", "invalid_output")]
    [InlineData("model_context_window_exceeded", "context_length")]
    public async Task Reasons_that_are_no_answer_are_failures(string reason, string code)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "x", Finish = reason }));
        foreach (var isStream in new[] { false, true }) Assert.Equal(code, (await fake.RefusedAsync(Natives.Bedrock, isStream)).Code.Name);
    }

    [Theory]
    [InlineData(424, "ModelErrorException", "the model failed", "provider_error")]
    [InlineData(429, "ModelNotReadyException", "loading", "provider_error")]
    [InlineData(400, "ValidationException", "Input is too long for requested model.", "context_length")]
    [InlineData(400, "ValidationException", "bad field", "bad_request")]
    [InlineData(403, "ExpiredTokenException", "expired", "auth")]
    public async Task The_name_of_an_error_decides(int status, string name, string message, string code)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Status = status, ErrorType = name, ErrorMessage = message }));
        Assert.Equal(code, (await fake.RefusedAsync(Natives.Bedrock)).Code.Name);
    }

    [Theory]
    [InlineData("ThrottlingException", "rate_limited")]
    [InlineData("ValidationException", "bad_request")]
    [InlineData("ModelStreamErrorException", "provider_error")]
    public async Task An_exception_inside_a_stream_keeps_its_meaning(string name, string code)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "abc", CutAfter = 2, Then = "error", ErrorType = name }));
        var failure = await fake.RefusedAsync(Natives.Bedrock, isStream: true);
        Assert.Equal((code, true), (failure.Code.Name, failure.HasDelivered));
    }

    [Fact]
    public async Task Writes_that_live_for_an_hour_are_counted_apart()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "x", Usage = new(1, 2, 3, 4, CacheWriteHour: 5) }));
        foreach (var response in await fake.TwiceAsync(Natives.Bedrock))
        {
            Assert.Equal(new TokenUsage(1, 2, 3, 4) { CacheWriteHour = 5 }, UsageReader.Read(response.Usage));
        }
    }

    [Fact]
    public async Task Fields_of_the_api_stay_there_and_all_others_go_to_the_model()
    {
        await using var fake = await FakeProvider.StartAsync();
        await fake.CallAsync(Natives.Bedrock, false, new ChatOptions { TopK = 7, AdditionalProperties = new()
        {
            ["guardrailConfig"] = new { guardrailIdentifier = "g", guardrailVersion = "1" }, ["thinking"] = new { type = "enabled" },
        } });
        var body = fake.BodyOf(1);
        Assert.Equal("g", body.GetProperty("guardrailConfig").GetProperty("guardrailIdentifier").GetString());
        Assert.Equal(7, body.GetProperty("additionalModelRequestFields").GetProperty("top_k").GetInt32());
        Assert.Equal("enabled", body.GetProperty("additionalModelRequestFields").GetProperty("thinking").GetProperty("type").GetString());
    }

    [Fact]
    public async Task What_the_api_has_no_field_for_is_dropped_and_the_answer_says_so()
    {
        await using var fake = await FakeProvider.StartAsync();
        foreach (var response in await fake.TwiceAsync(Natives.Bedrock, new ChatOptions { Seed = 7, FrequencyPenalty = 1 }))
        {
            Assert.Equal("seed,frequency_penalty", response.AdditionalProperties!["hydra.dropped"]!.ToString());
        }
        Assert.DoesNotContain("eed", fake.Calls[0].Body);
    }

    [Fact]
    public async Task Tools_that_must_not_be_called_are_left_out_unless_the_conversation_holds_calls()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Times = 1, ToolCalls = [Natives.Tool("weather", "{}")] }));
        var options = new ChatOptions { Tools = [Calls.Weather], ToolMode = ChatToolMode.None };
        var response = await fake.CallAsync(Natives.Bedrock, false, options);
        await fake.CallAsync(Natives.Bedrock, false, options, Natives.After(response));
        Assert.False(fake.BodyOf(1).TryGetProperty("toolConfig", out _));
        Assert.Equal("weather", fake.BodyOf(2).GetProperty("toolConfig").GetProperty("tools")[0].GetProperty("toolSpec").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Documents_go_along_and_addresses_are_refused()
    {
        await using var fake = await FakeProvider.StartAsync();
        await fake.CallAsync(Natives.Bedrock, false, null, new ChatMessage(ChatRole.User,
            [new TextContent("Read"), new DataContent(new byte[] { 1, 2, 3 }, "application/pdf") { Name = "a b_c.pdf" }]));
        Assert.Contains("""{"document":{"format":"pdf","source":{"bytes":"AQID"},"name":"abcpdf"}}""", fake.Calls[0].Body);
        var byAddress = new ChatMessage(ChatRole.User, [new UriContent("https://host/a.png", "image/png")]);
        Assert.Contains("https://host/a.png", (await fake.RefusedAsync(Natives.Bedrock, false, null, byAddress)).Message);
    }

    [Theory]
    [InlineData(null, "s", null, "eu-west-1", "AWS_ACCESS_KEY_ID")]
    [InlineData("a", null, null, "eu-west-1", "AWS_SECRET_ACCESS_KEY")]
    [InlineData("a", "s", null, null, "AWS_REGION")]
    [InlineData(null, null, "t", "evil.example/", "no region")]
    public void What_is_missing_is_named(string? id, string? secret, string? token, string? region, string said)
    {
        using var gateway = new ModelGateway(new GatewayOptions { OpenAIApiKey = "k",
            Aws = new AwsOptions { AccessKeyId = id, SecretAccessKey = secret, BearerToken = token, Region = region } });
        Assert.Contains(said, Assert.Throws<ModelUnavailableException>(() => gateway.Resolve(Natives.Bedrock)).Message);
    }

    [Fact]
    public void The_address_follows_the_region_and_no_secret_is_printed()
    {
        var aws = AwsOptions.Read(name => name == "AWS_DEFAULT_REGION" ? "cn-north-1" : name.StartsWith("AWS_", StringComparison.Ordinal) ? name : null)
            with { Endpoint = null };
        Assert.Equal("AWS_REGION", aws.Region);
        Assert.Equal("https://bedrock-runtime.cn-north-1.amazonaws.com.cn", (aws with { Region = "cn-north-1" }).Address);
        Assert.DoesNotContain("AWS_SECRET", aws.ToString());
    }

    private static async Task AskAsync(GatewayOptions options, string model = Natives.Bedrock)
    {
        using var gateway = new ModelGateway(options);
        await gateway.GetClient(model).GetResponseAsync("Hi", null, TestContext.Current.CancellationToken);
    }
}
