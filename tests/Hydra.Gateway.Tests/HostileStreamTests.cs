using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Hydra.Gateway.Bedrock;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Gemini;
using Hydra.Gateway.Ollama;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>
/// Every stream reader is fed what a provider, a proxy or a broken line may send. It ends with the whole answer or with a classified
/// failure: never a hang, never another exception, never half an answer that passes for a whole one.
/// </summary>
public sealed class HostileStreamTests
{
    private const string Answer = "The whole answer, größer";

    public static TheoryData<string> All => Natives.All;

    [Theory, MemberData(nameof(All))]
    public async Task Cut_at_every_byte_it_is_a_failure_or_the_whole_answer(string model)
    {
        var good = await GoodStreamAsync(model);
        int whole = 0, failed = 0;
        for (var length = 0; length < good.Length; length++)
        {
            if (await OutcomeAsync(model, good[..length]) is { } text)
            {
                Assert.Equal(Answer, text);
                whole++;
            }
            else
            {
                failed++;
            }
        }
        Assert.True(failed > good.Length / 2, $"{failed} of {good.Length} cuts were failures");
        Assert.True(model != Natives.Ollama || whole <= 1);   // only the newline after the last line can miss
        Assert.Equal(Answer, await OutcomeAsync(model, good));
    }

    [Theory, MemberData(nameof(All))]
    public async Task Split_at_every_byte_it_is_the_same_answer(string model) =>
        Assert.Equal(Answer, await OutcomeAsync(model, await GoodStreamAsync(model), pieceBytes: 1));

    [Theory, MemberData(nameof(All))]
    public async Task With_any_byte_changed_it_ends_in_bounds(string model)
    {
        var good = await GoodStreamAsync(model);
        var random = new Random(7);
        var failed = 0;
        for (var at = 0; at < good.Length; at++)
        {
            var bad = (byte[])good.Clone();
            bad[at] ^= (byte)(1 << random.Next(8));
            var text = await OutcomeAsync(model, bad);
            if (text is null) failed++;
            // Checksums see every change; what breaks after the reason is no matter any more.
            else if (model == Natives.Bedrock) Assert.Equal(Answer, text);
        }
        Assert.True(failed > 0);
    }

    [Theory, MemberData(nameof(All))]
    public async Task Garbage_is_a_classified_failure(string model)
    {
        var random = new Random(11);
        for (var turn = 0; turn < 300; turn++)
        {
            var bytes = new byte[random.Next(1, 400)];
            random.NextBytes(bytes);
            Assert.Null(await OutcomeAsync(model, bytes));
        }
        foreach (var text in (string[])["", "\n\n\n", "{", "[]\n", "null\n", "data: {}\n\n", "data: null\n\n", "{}\n{}\n", "42\n", "data: []\n\n", "\0\0\0\0"])
        {
            Assert.Null(await OutcomeAsync(model, Encoding.UTF8.GetBytes(text)));
        }
    }

    [Theory]
    [InlineData(Natives.Gemini, """data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"a"}}]}}]}""" + "\n\n")]
    [InlineData(Natives.Gemini, """data: {"candidates":{"content":"x"},"usageMetadata":[],"promptFeedback":3}""" + "\n\n")]
    [InlineData(Natives.Gemini, """data: {"candidates":[{"content":{"parts":[{"inlineData":{"data":"***"}}]},"finishReason":"STOP"}]}""" + "\n\n")]
    [InlineData(Natives.Gemini, """data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":7}}]},"finishReason":"STOP"}]}""" + "\n\n")]
    [InlineData(Natives.Ollama, """{"message":{"tool_calls":[{"function":{"name":"a","arguments":{}}}]},"done":false}""" + "\n")]
    [InlineData(Natives.Ollama, """{"message":[],"done":"yes","eval_count":"many"}""" + "\n")]
    [InlineData(Natives.Ollama, """{"message":{"tool_calls":[{"function":{"arguments":{}}}]},"done":true}""" + "\n")]
    public async Task Events_of_the_wrong_shape_are_no_answer(string model, string events) =>
        Assert.Null(await OutcomeAsync(model, Encoding.UTF8.GetBytes(events)));

    [Theory]
    [InlineData("a\\ud83d", "a\ufffd")]
    [InlineData("\\ude00b", "\ufffdb")]
    [InlineData("\\ud83d\\ude00\\\\ud83d", "\ud83d\ude00\\ud83d")]
    [InlineData("x\u00ff", "x\ufffd")]
    public async Task Half_a_character_becomes_a_replacement_whole_and_streamed(string sent, string read)
    {
        var line = Encoding.Latin1.GetBytes($$$"""{"message":{"content":"{{{sent}}}"},"done":true}""");
        Assert.Equal(read, await OutcomeAsync(Natives.Ollama, line));
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { BodyB64 = Convert.ToBase64String(line), ContentType = "application/json" }));
        foreach (var response in await fake.TwiceAsync(Natives.Ollama)) Assert.Equal(read, response.Text);
    }

    [Theory, MemberData(nameof(All))]
    public async Task An_endless_event_is_given_up(string model)
    {
        byte[] piece = model switch
        {
            Natives.Gemini => [.. "data: "u8, .. new byte[4096].Select(_ => (byte)'x')],
            Natives.Ollama => [.. new byte[4096].Select(_ => (byte)'x')],
            _ => [.. new byte[4096]],
        };
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { BodyB64 = Convert.ToBase64String(piece),
            ContentType = ContentType(model), Then = "repeat" }));
        Assert.Equal(ErrorCode.ProviderError, (await fake.RefusedAsync(model, isStream: true)).Code);
    }

    [Fact]
    public async Task A_frame_that_claims_to_be_huge_or_too_short_takes_no_memory()
    {
        foreach (var (total, headers) in ((uint, uint)[])[(uint.MaxValue, 0), (1u << 30, 16), (100, uint.MaxValue), (15, 0), (0, 0), (20, 8), (64, 100)])
        {
            var prelude = new byte[12];
            BinaryPrimitives.WriteUInt32BigEndian(prelude, total);
            BinaryPrimitives.WriteUInt32BigEndian(prelude.AsSpan(4), headers);
            BinaryPrimitives.WriteUInt32BigEndian(prelude.AsSpan(8), Crc32.Of(prelude.AsSpan(0, 8)));
            var before = GC.GetAllocatedBytesForCurrentThread();
            var failure = await Assert.ThrowsAsync<CallFailedException>(() => ReadAsync(prelude));
            Assert.Equal(ErrorCode.ProviderError, failure.Code);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024 * 1024);
        }
    }

    /// <summary>Frames from the test vectors of Amazon's own clients (<c>empty_message</c>, <c>payload_no_headers</c>).</summary>
    [Theory]
    [InlineData("000000100000000005c248eb7d98c8ff", "{\"\":{}}")]
    [InlineData("0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936", "{\"\":{'foo':'bar'}}")]
    public async Task Published_frames_are_read(string hex, string data)
    {
        var read = await ReadAsync(Convert.FromHexString(hex));
        Assert.Equal(data, Encoding.UTF8.GetString(read!.Value.Data.Span));
    }

    private static Task<StreamEvent?> ReadAsync(byte[] bytes) =>
        new EventStreamReader(new MemoryStream(bytes)).ReadAsync(TestContext.Current.CancellationToken).AsTask();

    /// <summary>What the fake provider streams for the answer, byte for byte.</summary>
    private static async Task<byte[]> GoodStreamAsync(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = Answer }));
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "key");
        var (path, body) = model switch
        {
            Natives.Gemini => ("/v1beta/models/m:streamGenerateContent?alt=sse", """{"contents":[]}"""),
            Natives.Ollama => ("/api/chat", """{"model":"m","messages":[],"stream":true}"""),
            _ => ("/model/m/converse-stream", """{"messages":[]}"""),
        };
        using var content = new StringContent(body);
        using var response = await http.PostAsync(fake.Url + path, content, TestContext.Current.CancellationToken);
        return await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The text of an answer that ended well, or null when the call failed as it should.</summary>
    private static async Task<string?> OutcomeAsync(string model, byte[] stream, int pieceBytes = int.MaxValue)
    {
        using var http = new HttpMessageInvoker(new Replay(stream, ContentType(model), pieceBytes));
        var options = new GatewayOptions();
        var client = Client(model, new ModelHttp(http, options));
        try
        {
            return (await client.GetStreamingResponseAsync("Hi").ToChatResponseAsync(TestContext.Current.CancellationToken)).Text;
        }
        catch (CallFailedException)
        {
            return null;
        }
    }

    private static WireChatClient Client(string model, ModelHttp http)
    {
        var facts = new ModelFacts { Name = model, Provider = "test", Id = "m" };
        var endpoint = new Endpoint("test", "http://127.0.0.1:9", "key", "SETTING");
        return model switch
        {
            Natives.Gemini => new(http, endpoint, facts, (messages, options) => WireCall.Of(new GeminiCall(endpoint, facts, messages, options))),
            Natives.Ollama => new(http, endpoint with { Reader = stream => new LineReader(stream) }, facts,
                (messages, options) => WireCall.Of(new OllamaCall(endpoint, facts, messages, options))),
            _ => new(http, endpoint with { Reader = stream => new EventStreamReader(stream) }, facts, (messages, options) =>
                WireCall.Of(new BedrockCall(endpoint, new AwsOptions { BearerToken = "t" }, TimeProvider.System, facts, messages, options))),
        };
    }

    private static string ContentType(string model) => model switch
    {
        Natives.Gemini => "text/event-stream", Natives.Ollama => "application/x-ndjson", _ => "application/vnd.amazon.eventstream",
    };

    /// <summary>Answers every request with the same bytes, in pieces.</summary>
    private sealed class Replay(byte[] bytes, string contentType, int pieceBytes) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new Pieces(bytes, pieceBytes)) };
            response.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
            return Task.FromResult(response);
        }
    }

    private sealed class Pieces(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, size));
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, size)], cancellationToken);
    }
}
