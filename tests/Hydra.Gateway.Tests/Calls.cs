using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>Short words for calling a model through the gateway and the fake provider.</summary>
internal static class Calls
{
    public const string Key = "sk-test-CANARY-123";

    public static GatewayOptions To(FakeProvider fake) => new()
    {
        OpenAIApiKey = Key, OpenAIBaseUrl = fake.Url + "/v1", AnthropicApiKey = Key, AnthropicBaseUrl = fake.Url,
    };

    public static async Task<ChatResponse> AskAsync(this FakeProvider fake, string model, ChatOptions? options = null,
        string prompt = "Hi")
    {
        using var gateway = new ModelGateway(To(fake));
        return await gateway.GetClient(model).GetResponseAsync(prompt, options, TestContext.Current.CancellationToken);
    }

    public static async Task<ChatResponse> StreamAsync(this FakeProvider fake, string model,
        ChatOptions? options = null, string prompt = "Hi")
    {
        using var gateway = new ModelGateway(To(fake));
        return await gateway.GetClient(model).GetStreamingResponseAsync(prompt, options,
            TestContext.Current.CancellationToken).ToChatResponseAsync();
    }

    /// <summary>Asks once plainly and once streaming; both must end alike.</summary>
    public static async Task<ChatResponse[]> BothAsync(this FakeProvider fake, string model,
        ChatOptions? options = null) =>
        [await fake.AskAsync(model, options), await fake.StreamAsync(model, options)];

    public static async Task<CallFailedException> FailAsync(this FakeProvider fake, string model, bool isStream) =>
        await Assert.ThrowsAsync<CallFailedException>(() => isStream ? fake.StreamAsync(model) : fake.AskAsync(model));

    public static AIFunction Weather { get; } = AIFunctionFactory.Create((string city) => $"Rain in {city}", "weather",
        "Says the weather of a city.");
}
