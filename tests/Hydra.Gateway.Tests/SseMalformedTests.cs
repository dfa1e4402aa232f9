using System.Text;
using System.Text.Json;
using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>The broken and odd streams of tests/data/sse-malformed: each must end as its <c>expect</c> says.</summary>
public sealed class SseMalformedTests
{
    private static readonly Dictionary<string,
        JsonElement> Cases = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "data", "cases.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(one => one.GetProperty("id").GetString()!, StringComparer.Ordinal);

    /// <summary>A case whose stream is sound and whose model's arguments are not: it has a test of its own.</summary>
    private const string BadArguments = "tool-badargs";

    public static TheoryData<string> Ids => [.. Cases.Keys.Where(id => id != BadArguments)];

    [Theory, MemberData(nameof(Ids))]
    public async Task A_broken_stream_ends_as_expected(string id)
    {
        var one = Cases[id];
        var expect = one.GetProperty("expect");
        var outcome = expect.GetProperty("outcome").GetString();
        var rule = new FakeRule
        {
            BodyB64 = one.GetProperty("body_b64").GetString(),
            ContentType = Text(one, "content_type") ?? "text/event-stream",
            Then = Text(one, "then") ?? "close",
            WriteSizes = one.TryGetProperty("write_sizes", out var sizes)
                ? [.. sizes.EnumerateArray().Select(size => size.GetInt32())] : [],
        };
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(rule));
        var time = new ManualTime();
        using var gateway = new ModelGateway(Calls.To(fake) with { Clock = time });
        var (text, failure) = await ReadAsync(gateway.GetClient("gpt-4o"), fake, outcome == "timeout" ? time : null,
            Text(expect, "text") ?? "");

        if (failure is not null) Assert.DoesNotContain(Calls.Key, failure.ToString());
        switch (outcome)
        {
            case "complete": Assert.Null(failure); break;
            case "truncated": Assert.Equal(ErrorCode.ProviderError, failure?.Code); Assert.Contains("truncated",
                failure!.Message); break;
            case "timeout": Assert.True(failure?.Code == ErrorCode.Timeout || failure?.Code == ErrorCode.IdleTimeout,
                failure?.Message); break;
            case "error": Assert.NotNull(failure); break;
            default: Assert.Equal("either", outcome); break;
        }
        if (Text(expect, "text") is { } expected) Assert.Equal(expected, text);
    }

    [Fact]
    public async Task An_unknown_finish_reason_is_kept_as_given()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { BodyB64 = Cases["finish-unknown"].GetProperty("body_b64").GetString() }));
        Assert.NotEqual(ChatFinishReason.Stop, (await fake.StreamAsync("gpt-4o")).FinishReason);
    }

    [Fact]
    public async Task Arguments_that_never_become_json_are_kept_as_they_came_and_marked()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { BodyB64 = Cases[BadArguments].GetProperty("body_b64").GetString() }));
        var call = (await fake.StreamAsync("gpt-4o")).Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Single();
        Assert.Equal(ErrorCode.InvalidOutput, Assert.IsType<CallFailedException>(call.Exception).Code);
        Assert.Null(call.Arguments);
        Assert.NotEqual("{}", Wire.ToolText.Arguments(call));
    }

    [Theory]
    [InlineData("data: ")]
    [InlineData(": ")]
    [InlineData("data: {\"x\":\"y\"}\n")]
    public async Task An_endless_event_is_given_up_and_an_endless_comment_keeps_no_memory(string piece)
    {
        var isComment = piece[0] == ':';
        var stream = new EndlessStream(Encoding.UTF8.GetBytes(piece), isComment ? 256L * 1024 * 1024 : long.MaxValue);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reader = new Wire.SseReader(stream);
        if (!isComment)
        {
            Assert.Contains("8 MiB",
                (await Assert.ThrowsAsync<CallFailedException>(() =>
                reader.ReadAsync(TestContext.Current.CancellationToken).AsTask())).Message);
            return;
        }
        Assert.Null(await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024 * 1024);
    }

    private static async Task<(string Text, CallFailedException? Failure)> ReadAsync(IChatClient client,
        FakeProvider fake, ManualTime? time, string textBeforeSilence)
    {
        var text = new StringBuilder();
        try
        {
            var updates = client.GetStreamingResponseAsync("Hi",
                cancellationToken: TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
            await using (updates)
            {
                while (true)
                {
                    var next = updates.MoveNextAsync().AsTask();
                    if (time is not null && text.ToString() == textBeforeSilence)
                    {
                        await fake.WaitForCallAsync(1, TestContext.Current.CancellationToken);
                        time.Expire();
                    }
                    if (!await next) break;
                    text.Append(updates.Current.Text);
                }
            }
            return (text.ToString(), null);
        }
        catch (CallFailedException failure)
        {
            return (text.ToString(), failure);
        }
    }

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>One piece again and again, in one line where the piece has no line end.</summary>
    private sealed class EndlessStream(byte[] piece, long length) : Stream
    {
        private long _at;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => _at; set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override int Read(byte[] buffer, int offset, int count) => Fill(buffer.AsSpan(offset, count));
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Fill(buffer.Span));

        private int Fill(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, length - _at);
            for (var i = 0; i < count; i++) buffer[i] = piece[(int)((_at + i) % piece.Length)];
            _at += count;
            return count;
        }
    }
}
