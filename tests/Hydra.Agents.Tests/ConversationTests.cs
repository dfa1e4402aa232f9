using System.Buffers;
using Hydra.Agents.Calls;

namespace Hydra.Agents.Tests;

/// <summary>Calls that go on from one another, as repairs do: what the log keeps of them.</summary>
public class ConversationTests
{
    private const string Node = "model: m, prompt: p, output_schema: {type: object, required: [n]}";

    [Fact]
    public async Task A_call_that_goes_on_keeps_its_new_messages_only()
    {
        var line = await TalkAsync(rounds: 3);
        Assert.Equal([null, 0, 1], line.Calls.Select(call => call.After));
        Assert.All(line.Calls, call => Assert.Equal("user", Assert.Single(call.Request!.Inline.Items).AsObject["role"].AsText));
    }

    [Fact]
    public async Task What_was_asked_reads_as_it_was_sent()
    {
        var models = Talkative(3);
        var line = new FakeLine();
        await Ask.Async(models, line, Node, repairs: 2);
        AskedStep? step = null;
        for (var i = 0; i < 3; i++)
        {
            step = new AskedStep(line.Calls[i], step, line.Results[i].Response);
            var sent = models.Asked[i].Messages.Select(message => Value.Of(ValueMap.Of(("role", message.Role.Value), ("content", message.Text))));
            Assert.Equal(Value.Of(sent).ToJson(), step.Request(line.Read)!.Value.ToJson());
        }
    }

    [Fact]
    public async Task Answers_from_before_a_crash_are_gone_on_from_too()
    {
        var line = new FakeLine();
        line.Known.Enqueue(new StepResult(ValueRef.Of("answer 0"), default, MicroUsd.Zero, null, 1));
        await Ask.Async(new FakeModels().Answers("answer 1"), line, Node, repairs: 1);
        Assert.Equal([null, 0], line.Calls.Select(call => call.After));
    }

    [Fact]
    public void A_call_that_goes_on_from_one_that_is_gone_is_told_as_damage()
    {
        var step = new AskedStep(new StepCall(StepKind.Model, "m", "k", 0, 0, null, null) { After = 3 }, null, null);
        Assert.Equal(StoreFault.Corrupt, Assert.Throws<StoreException>(() => step.Request(reference => reference.Inline)).Fault);
    }

    [Fact]
    public async Task Forty_rounds_take_no_more_than_little_over_twice_the_bytes_of_twenty()
    {
        var half = BytesOf(await TalkAsync(20));
        var whole = BytesOf(await TalkAsync(40));
        Assert.InRange(whole, half * 1.9, half * 2.2);
    }

    [Fact]
    public void Messages_that_were_worked_out_are_taken_over_also_where_some_were_dropped()
    {
        var messages = Enumerable.Range(0, 5).Select(i => new Microsoft.Extensions.AI.ChatMessage(Microsoft.Extensions.AI.ChatRole.User, $"message {i}")).ToList();
        var known = MessageText.Of(messages[..4], []);
        Assert.Same(known, MessageText.Of(messages[..4], known));
        var fresh = new Microsoft.Extensions.AI.ChatMessage(Microsoft.Extensions.AI.ChatRole.User, "short");
        var after = MessageText.Of([messages[0], fresh, messages[3], messages[4]], known);
        Assert.Equal(["message 0", "short", "message 3", "message 4"], after.Select(text => text.Value.AsObject["content"].AsText));
        Assert.Same(known[0], after[0]);
        Assert.Same(known[3], after[2]);
    }

    private static async Task<FakeLine> TalkAsync(int rounds)
    {
        var line = new FakeLine();
        await Ask.Async(Talkative(rounds), line, Node, repairs: rounds - 1);
        Assert.Equal(rounds, line.Calls.Count);
        return line;
    }

    private static FakeModels Talkative(int rounds) => new FakeModels().Answers([.. Enumerable.Range(0, rounds).Select(round => $"answer {round}, which is no JSON and will not do: {new string('x', 200)}")]);

    /// <summary>What the journal's frames hold of it.</summary>
    private static long BytesOf(FakeLine line)
    {
        var buffer = new ArrayBufferWriter<byte>();
        EventWriter.Write(buffer, [.. line.Calls.Select((call, i) => new RunEvent.StepIntended(0, i, call)), .. line.Results.Select((result, i) => new RunEvent.StepEnded(0, i, result))]);
        return buffer.WrittenCount;
    }
}
