using System.Text.Json;
using Hydra.Gateway.OpenAI;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests.OpenAI;

/// <summary>How messages are written: those of one text by a short way, which says the same as the long one.</summary>
public sealed class OpenAIRequestTests
{
    private static readonly Endpoint Endpoint = new("openai", "http://127.0.0.1/v1", null, "OPENAI_BASE_URL");

    [Theory, InlineData("system"), InlineData("user"), InlineData("assistant")]
    public void A_text_alone_is_written_as_one_in_two_parts_is(string role)
    {
        const string text = "Say \"Blüte\".\n";
        var whole = MessagesOf(new ChatMessage(new ChatRole(role), text));
        Assert.Equal($$"""[{"role":"{{role}}","content":"Say \"Blüte\".\n"}]""", whole);
        Assert.Equal(whole, MessagesOf(new ChatMessage(new ChatRole(role), [new TextContent(text[..3]), new TextContent(text[3..])])));
    }

    [Fact]
    public void The_name_of_who_speaks_is_not_lost() =>
        Assert.Equal("""[{"role":"user","name":"ada","content":"Hi"}]""", MessagesOf(new ChatMessage(ChatRole.User, "Hi") { AuthorName = "ada" }));

    [Fact]
    public void A_text_that_is_empty_is_still_a_message() =>
        Assert.Equal("""[{"role":"user","content":""}]""", MessagesOf(new ChatMessage(ChatRole.User, "")));

    [Fact]
    public void Of_a_tool_s_message_only_results_are_sent() =>
        Assert.Equal("""[{"role":"tool","tool_call_id":"c1","content":"Rain"}]""", MessagesOf(new ChatMessage(ChatRole.Tool, [new FunctionResultContent("c1", "Rain")]), new ChatMessage(ChatRole.Tool, "beside it")));

    private static string MessagesOf(params ChatMessage[] messages)
    {
        using var body = JsonDocument.Parse(OpenAIRequest.Write(Endpoint, "gpt-5-mini", messages, null, isStream: false));
        return body.RootElement.GetProperty("messages").GetRawText();
    }
}
