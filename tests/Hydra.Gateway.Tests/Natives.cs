using System.Text.Json;
using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>Short words for calling the providers that are spoken to in their own format.</summary>
internal static class Natives
{
    public const string Gemini = "gemini-2.5-pro", Gemini3 = "gemini-3-pro", Ollama = "ollama/llama3.2", Bedrock = "bedrock/anthropic.claude-x-v1:0";

    public static TheoryData<string> All => [Gemini, Ollama, Bedrock];

    public static GatewayOptions To(FakeProvider fake) => new()
    {
        GeminiApiKey = Calls.Key, GeminiBaseUrl = fake.Url, OllamaHost = fake.Url,
        Aws = new AwsOptions
        {
            AccessKeyId = FakeSignature.AccessKeyId, SecretAccessKey = FakeSignature.SecretAccessKey, Region = "eu-central-1",
            Endpoint = fake.Url,
        },
    };

    public static async Task<ChatResponse> CallAsync(this FakeProvider fake, string model, bool isStream, ChatOptions? options = null,
        params ChatMessage[] messages)
    {
        using var gateway = new ModelGateway(To(fake));
        var client = gateway.GetClient(model);
        if (messages.Length == 0) messages = [new ChatMessage(ChatRole.User, "Hi")];
        var token = TestContext.Current.CancellationToken;
        return isStream ? await client.GetStreamingResponseAsync(messages, options, token).ToChatResponseAsync(token)
            : await client.GetResponseAsync(messages, options, token);
    }

    /// <summary>Asks once plainly and once streaming; both must end alike.</summary>
    public static async Task<ChatResponse[]> TwiceAsync(this FakeProvider fake, string model, ChatOptions? options = null,
        params ChatMessage[] messages) =>
        [await fake.CallAsync(model, false, options, messages), await fake.CallAsync(model, true, options, messages)];

    public static Task<CallFailedException> RefusedAsync(this FakeProvider fake, string model, bool isStream = false,
        ChatOptions? options = null, params ChatMessage[] messages) =>
        Assert.ThrowsAsync<CallFailedException>(() => fake.CallAsync(model, isStream, options, messages));

    /// <summary>The body of a call as it came to the fake provider, by its number from 1.</summary>
    public static JsonElement BodyOf(this FakeProvider fake, int number)
    {
        using var body = JsonDocument.Parse(fake.Calls[number - 1].Body);
        return body.RootElement.Clone();
    }

    public static FakeToolCall Tool(string name, string arguments, string? id = null) =>
        new() { Name = name, Id = id, Arguments = JsonDocument.Parse(arguments).RootElement };

    /// <summary>A conversation after its tools have answered, kept as JSON and read again in between.</summary>
    public static ChatMessage[] After(ChatResponse response, string question = "Hi")
    {
        var kept = JsonSerializer.Serialize(response.Messages, AIJsonUtilities.DefaultOptions);
        var read = JsonSerializer.Deserialize<List<ChatMessage>>(kept, AIJsonUtilities.DefaultOptions)!;
        var results = read.SelectMany(message => message.Contents).OfType<FunctionCallContent>()
            .Select(call => (AIContent)new FunctionResultContent(call.CallId, "Rain")).ToList();
        return [new(ChatRole.User, question), .. read, new(ChatRole.Tool, results)];
    }
}
