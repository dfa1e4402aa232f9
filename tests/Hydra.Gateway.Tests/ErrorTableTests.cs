using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;

namespace Hydra.Gateway.Tests;

/// <summary>Error bodies as the providers send them, each with what the user is told and what a router may do.</summary>
public sealed class ErrorTableTests
{
    private static readonly Endpoint Anywhere = new("acme", "https://acme.example/v1", null, "ACME_BASE_URL");

    [Theory]
    // OpenAI
    [InlineData(401, """{"error":{"message":"Incorrect API key provided: sk-x.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}""", "auth", ErrorClass.CredentialDead)]
    [InlineData(429, """{"error":{"message":"Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29000. Please try again in 6s.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}""", "rate_limited", ErrorClass.RateLimited)]
    [InlineData(429, """{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}""", "auth", ErrorClass.OutOfMoney)]
    [InlineData(400, """{"error":{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""", "context_length", ErrorClass.ContextWindow)]
    [InlineData(400, """{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","param":null,"code":"invalid_prompt"}}""", "content_filtered", ErrorClass.ContentPolicy)]
    [InlineData(400, """{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}""", "bad_request", ErrorClass.NeverRetry)]
    [InlineData(404, """{"error":{"message":"The model `gpt-9` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}""", "bad_request", ErrorClass.NeverRetry)]
    [InlineData(422, """{"error":{"message":"Unprocessable","type":"invalid_request_error"}}""", "bad_request", ErrorClass.NeverRetry)]
    [InlineData(500, """{"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}""", "provider_error", ErrorClass.RetrySame)]
    [InlineData(503, """{"error":{"message":"The engine is currently overloaded, please try again later.","type":"server_error","param":null,"code":null}}""", "provider_error", ErrorClass.Overloaded)]
    // Azure OpenAI
    [InlineData(400, """{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"high"}}}}}""", "content_filtered", ErrorClass.ContentPolicy)]
    [InlineData(429, """{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current pricing tier. Please retry after 26 seconds."}}""", "rate_limited", ErrorClass.RateLimited)]
    [InlineData(401, """{"statusCode":401,"message":"Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired."}""", "auth", ErrorClass.CredentialDead)]
    [InlineData(404, """{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}""", "bad_request", ErrorClass.NeverRetry)]
    // Anthropic
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 212000 tokens > 200000 maximum"}}""", "context_length", ErrorClass.ContextWindow)]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000"}}""", "context_length", ErrorClass.ContextWindow)]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}""", "auth", ErrorClass.OutOfMoney)]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}""", "content_filtered", ErrorClass.ContentPolicy)]
    [InlineData(402, """{"type":"error","error":{"type":"billing_error","message":"Payment required."}}""", "auth", ErrorClass.OutOfMoney)]
    [InlineData(403, """{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}}""", "auth", ErrorClass.CredentialDead)]
    [InlineData(413, """{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}""", "context_length", ErrorClass.ContextWindow)]
    [InlineData(429, """{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit."}}""", "rate_limited", ErrorClass.RateLimited)]
    [InlineData(429, """{"type":"error","error":{"type":"rate_limit_error","message":"Limit reached.","details":{"error_code":"enforced_spend_limit_reached"}}}""", "auth", ErrorClass.OutOfMoney)]
    [InlineData(529, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", "provider_error", ErrorClass.Overloaded)]
    // Gemini
    [InlineData(400, """{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}""", "auth", ErrorClass.CredentialDead)]
    [InlineData(400, """[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]""", "context_length", ErrorClass.ContextWindow)]
    [InlineData(429, """{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}""", "rate_limited", ErrorClass.RateLimited)]
    [InlineData(503, """{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}""", "provider_error", ErrorClass.Overloaded)]
    // Bedrock
    [InlineData(400, """{"__type":"com.amazon.coral.validate#ValidationException","message":"Input is too long for requested model."}""", "context_length", ErrorClass.ContextWindow)]
    [InlineData(400, """{"__type":"ValidationException","message":"Malformed input request"}""", "bad_request", ErrorClass.NeverRetry)]
    [InlineData(403, """{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"The security token included in the request is invalid."}""", "auth", ErrorClass.CredentialDead)]
    [InlineData(424, """{"message":"The model returned an error.","originalStatusCode":500}""", "provider_error", ErrorClass.RetrySame)]
    [InlineData(429, """{"message":"Too many requests, please wait before trying again."}""", "rate_limited", ErrorClass.RateLimited)]
    // vLLM, llama.cpp, Ollama, Groq, OpenRouter, DeepSeek
    [InlineData(400, """{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.","type":"BadRequestError","param":null,"code":400}""", "context_length", ErrorClass.ContextWindow)]
    [InlineData(400, """{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error"}}""", "context_length", ErrorClass.ContextWindow)]
    [InlineData(404, """{"error":"model 'nope' not found"}""", "bad_request", ErrorClass.NeverRetry)]
    [InlineData(400, """{"error":{"message":"Failed to call a function.","type":"invalid_request_error","code":"tool_use_failed"}}""", "invalid_output", ErrorClass.RetrySame)]
    [InlineData(498, """{"error":{"message":"Flex tier capacity exceeded"}}""", "provider_error", ErrorClass.Overloaded)]
    [InlineData(402, """{"error":{"code":402,"message":"Insufficient credits. Add more credits."}}""", "auth", ErrorClass.OutOfMoney)]
    [InlineData(402, """{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}""", "auth", ErrorClass.OutOfMoney)]
    [InlineData(429, """{"error":{"message":"Budget has been exceeded","type":"insufficient_quota","code":"budget_exceeded"}}""", "budget", ErrorClass.OutOfMoney)]
    // No JSON at all
    [InlineData(502, "<html><head><title>502 Bad Gateway</title></head></html>", "provider_error", ErrorClass.RetrySame)]
    [InlineData(403, "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>", "auth", ErrorClass.NeverRetry)]
    [InlineData(504, "upstream request timeout", "timeout", ErrorClass.RetrySame)]
    [InlineData(500, "", "provider_error", ErrorClass.RetrySame)]
    [InlineData(301, "", "bad_request", ErrorClass.NeverRetry)]
    public void A_body_says_what_happened_and_what_may_be_done(int status, string body, string code, ErrorClass kind)
    {
        var failure = HttpErrors.Of(Anywhere, status, null, body, null);
        Assert.Equal((code, kind, status), (failure.Code.Name, failure.Class, failure.HttpStatus));
    }

    [Theory]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", "provider_error", ErrorClass.Overloaded)]
    [InlineData("""{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}""", "rate_limited", ErrorClass.RateLimited)]
    [InlineData("""{"error":{"message":"The server had an error","type":"server_error"}}""", "provider_error", ErrorClass.RetrySame)]
    [InlineData("""{"error":{"message":"Insufficient credits","code":402}}""", "auth", ErrorClass.OutOfMoney)]
    [InlineData("""{"error":{"message":"Provider disconnected","code":502}}""", "provider_error", ErrorClass.RetrySame)]
    [InlineData("""{"error":{"message":"bad","type":"invalid_request_error"}}""", "bad_request", ErrorClass.NeverRetry)]
    public void An_error_inside_a_stream_is_read_by_its_name(string json, string code, ErrorClass kind)
    {
        var failure = HttpErrors.InStream(Anywhere, JsonDocument.Parse(json).RootElement, new TokenUsage(3, 1));
        Assert.Equal((code, kind, 200), (failure.Code.Name, failure.Class, failure.HttpStatus));
        Assert.Equal(new TokenUsage(3, 1), failure.Usage);
    }

    [Fact]
    public void Aws_says_the_kind_of_error_in_a_header()
    {
        var failure = HttpErrors.Of(Anywhere, 400, null, """{"message":"no"}""", null,
            "ExpiredTokenException:http://internal.amazon.com/coral/com.amazon.coral.service/");
        Assert.Equal(ErrorClass.CredentialDead, failure.Class);
    }

    [Fact]
    public void Google_says_the_wait_in_the_body()
    {
        var failure = HttpErrors.Of(Anywhere, 429, null, """{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}]}}""", null);
        Assert.Equal(TimeSpan.FromSeconds(34.5), failure.RetryAfter);
    }

    [Fact]
    public void Every_code_has_a_class_where_nothing_finer_is_known() =>
        Assert.All(ErrorCode.All, code => Assert.Equal(code.IsRetryable,
            ErrorClasses.Of(code) is ErrorClass.RetrySame or ErrorClass.RateLimited));
}
