using System.Text;
using System.Text.Json;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>What a newcomer sees first: the verified texts are reviewed as the product.</summary>
public sealed class OfflineModelTests : IDisposable
{
    private readonly ModelGateway _gateway = new(new GatewayOptions());

    [Fact]
    public async Task A_research_workflow_without_sources_is_an_honest_outline()
    {
        var technical = await AskAsync(Research("a TECHNICAL", "mechanisms, architecture, implementation details"));
        var economic = await AskAsync(Research("an ECONOMIC", "market forces, cost structures, winners, losers"));
        var social = await AskAsync(Research("a HUMAN/SOCIAL", "behavior, adoption, second-order effects on people"));
        var report = await AskAsync($"""
            Three independent researchers analyzed "large language models". Synthesize
            their findings into a unified report that highlights:

              1. Points of AGREEMENT across perspectives.
              2. Points of CONTRADICTION or tension.
              3. The 3 most important takeaways overall.

            == Technical perspective ==
            {technical}

            == Economic perspective ==
            {economic}

            == Human/Social perspective ==
            {social}

            Write the report in clear prose, ~400 words.
            """);
        Verified.Check($"{technical}\n\n{economic}\n\n{social}\n\n----\n\n{report}");
    }

    [Fact]
    public async Task A_map_over_topics_and_its_summary_stay_readable()
    {
        var sentences = new List<string>();
        foreach (var topic in (string[])["transformer models", "diffusion models", "reinforcement learning"])
        {
            sentences.Add(await AskAsync($"Write a single sentence about \"{topic}\".\nNo introduction, get straight to the point."));
        }
        var whole = await AskAsync($"Here are one-sentence summaries for each topic:\n{JsonSerializer.Serialize(sentences)}\n\nWrite a short paragraph (3–4 sentences) connecting the themes.");
        Verified.Check($"{string.Join('\n', sentences)}\n\n----\n\n{whole}");
    }

    [Fact]
    public async Task Common_requests_get_plain_answers()
    {
        const string fjords = """
            The Norwegian fjords were carved by glaciers during the last ice age. Glaciers moved slowly and cut deep valleys into the rock.
            When the ice melted, the sea filled the valleys. Tourists visit the fjords every summer. Cruise ships bring crowds and money, but also smoke.
            """;
        var text = new StringBuilder();
        foreach (var prompt in (string[])
        [
            $"Summarize this text in 2 sentences:\n\n{fjords}",
            $"Give me 3 bullet points from the article.\n\n<article>\n{fjords}\n</article>",
            "Write a report from: Solar power grew by 22 % in 2024. Prices fell by a third. China leads the market for solar power.",
            "Clean and normalize: Solar power grew by 22 % in 2024. Prices fell. China leads.",
            "Fetch the latest stats for solar power.",
            "What is the capital of France?",
            "What is the capital of France?\n\nContext:\nFrance is a country in Europe. Its capital is Paris, a city on the Seine. Its currency is the euro.",
            "Classify the review as positive, negative or neutral. Answer with one word.\n\nReview: The blender broke after two days and the refund never came.",
            "Pick the best route for the message.\n\nRoutes:\n- billing: invoices, charges and refunds\n- technical: errors, crashes, login\n- sales: new orders\n\nMessage: I was charged twice on my last invoice.\n\nAnswer with the route's name only.",
            "Is the text about cooking? Answer yes or no.\n\nText: The engine stalls when it is cold.",
            "List 3 risks of deploying on Friday.",
            "Write a haiku about autumn.",
            "Write a product brief for Acme. Acme sells running shoes in Norway. Its revenue fell by 10 % last year. Runners like its soles.",
            "You are a senior editor. Improve the text below.\n\nThe cat sat. It was happy. It sat on the mat because the mat was warm.",
            "Translate to French: The cat sleeps on the mat.",
            "# Task\nSummarize the notes in one sentence.\n\n# Notes\nThe pump failed on Monday. It was mended on Tuesday by Ada.",
            "<instructions>\nGive 2 bullet points.\n</instructions>\n<doc>\nRents rose by 4 %. Wages rose by 2 %. Rents outpaced wages.\n</doc>",
            "Write a tagline for \"SolarKettle\".\n\nPrevious attempt: Boil with the sun.\nFeedback: Make it shorter.",
            "Write a Python script that parses JSON files.",
            "Hello!",
            "",
        ]) text.Append("> ").AppendLine(prompt.Trim()
            .Replace("\n", "\n> ",
            StringComparison.Ordinal)).AppendLine().AppendLine(await AskAsync(prompt)).AppendLine();
        Verified.Check(text.ToString());
    }

    [Fact]
    public async Task Json_asked_for_in_words_has_the_shape_that_was_sketched()
    {
        var text = new StringBuilder();
        foreach (var prompt in (string[])
        [
            "Evaluate the candidate.\n\nCandidate:\nA haiku about autumn leaves falling on a quiet pond.\n\nReturn JSON: {\"approved\": true|false, \"feedback\": \"what to improve\", \"score\": 0.0-1.0}",
            "Judge whether the draft covers \"glacier melt\" and return JSON with approved, feedback and score.\n\nDraft: Autumn leaves fall on a quiet pond.",
            "Judge the draft. Respond with JSON {approved, feedback, score}.\n\nDraft:\n",
            "Split the work into subtasks for \"launch a bakery\". Return a JSON array of 4 strings.",
            "Extract the ticket as JSON: {\"category\": \"billing|technical\", \"urgent\": true, \"words\": [\"...\"], \"customer\": {\"name\": \"...\"}}\n\nTicket: I was charged twice on my invoice and want a refund.",
        ])
        {
            var answer = await AskAsync(prompt);
            using var parsed = JsonDocument.Parse(answer);
            text.Append("> ").AppendLine(prompt.Trim()
                .Replace("\n", "\n> ", StringComparison.Ordinal)).AppendLine().AppendLine(answer).AppendLine();
        }
        Verified.Check(text.ToString());
    }

    [Fact]
    public async Task A_schema_is_obeyed_with_its_bounds()
    {
        var schema = JsonDocument.Parse("""
            {"type":"object","required":["title","tags","severity","count","share","when","owner","next"],"additionalProperties":false,
             "properties":{
              "title":{"type":"string","maxLength":12},
              "tags":{"type":"array","items":{"type":"string"},"minItems":2,"maxItems":4},
              "severity":{"enum":["low","high"]},
              "count":{"type":"integer","minimum":3,"maximum":5},
              "share":{"type":"number","exclusiveMinimum":0,"maximum":1},
              "when":{"type":"string","format":"date"},
              "owner":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/person"}]},
              "next":{"type":["null","string"],"minLength":3},
              "self":{"$ref":"#"}},
             "$defs":{"person":{"type":"object","properties":{"name":{"const":"Ada"}},"required":["name"]}}}
            """).RootElement;
        var answer = await AskAsync("Read the note.\n\nNote: On 2026-03-04 the disk of server nine was full, a high risk.", new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) });
        using var json = JsonDocument.Parse(answer);
        var root = json.RootElement;
        Assert.InRange(root.GetProperty("title").GetString()!.Length, 1, 12);
        Assert.InRange(root.GetProperty("tags").GetArrayLength(), 2, 4);
        Assert.Equal("high", root.GetProperty("severity").GetString());
        Assert.InRange(root.GetProperty("count").GetInt64(), 3, 5);
        Assert.InRange(root.GetProperty("share").GetDouble(), double.Epsilon, 1);
        Assert.Equal("2026-03-04", root.GetProperty("when").GetString());
        Assert.Equal("Ada", root.GetProperty("owner").GetProperty("name").GetString());
        Assert.True(root.GetProperty("next").GetString()!.Length >= 3);
    }

    [Fact]
    public async Task Work_is_divided_among_those_the_prompt_lists_and_the_last_builds_on_the_others()
    {
        const string Schema = """{"properties": {"reasoning": {"type": "string"}, "nodes": {"type": "array", "items": {"properties": {"id": {}, "type": {}, "agent": {}, "prompt": {}, "depends_on": {}}}}}}""";
        const string Agents = "Agents you may name in `agent`:\n- analyst: looks for causes\n- fact-checker: checks them\n- writer: reports\n";
        var first = JsonElement.Parse(await AskAsync($"Find {{why}}.\n\nPlan this work as a graph.\n\n{Agents}", new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse(Schema)) })).GetProperty("nodes");
        Assert.Equal(["analyst", "fact_checker", "writer"], first.EnumerateArray().Select(node => node.GetProperty("id").GetString()));
        Assert.Equal(["analyst", "fact_checker"], first[2].GetProperty("depends_on").EnumerateArray().Select(id => id.GetString()));
        Assert.StartsWith("Find (why).\nYour part, as analyst: looks for causes", first[0].GetProperty("prompt").GetString(), StringComparison.Ordinal);

        var again = JsonElement.Parse(await AskAsync($"Find why.\n\nPlan this work as a graph.\n\n{Agents}\nDone already:\n- analyst: found\n\nThis went wrong:\n- fact_checker: no\n", new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse(Schema)) })).GetProperty("nodes");
        Assert.Equal(["writer"], again.EnumerateArray().Select(node => node.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task The_same_prompt_gives_the_same_answer_streamed_or_not()
    {
        var client = _gateway.GetClient("claude-haiku-4-5");
        var prompt = Research("a TECHNICAL", "mechanisms, architecture");
        var whole = await client.GetResponseAsync(prompt, cancellationToken: TestContext.Current.CancellationToken);
        var updates = await client.GetStreamingResponseAsync(prompt,
            cancellationToken: TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        var streamed = updates.ToChatResponse();
        Assert.Equal(whole.Text, streamed.Text);
        Assert.Equal(whole.ResponseId, streamed.ResponseId);
        Assert.Equal(UsageReader.Read(whole.Usage), UsageReader.Read(streamed.Usage));
        Assert.True(updates.Count > 20);   // word by word
    }

    [Fact]
    public async Task The_output_limit_is_honoured_and_said()
    {
        var response = await _gateway.GetClient("x").GetResponseAsync(Research("a TECHNICAL", "mechanisms"),
            new ChatOptions { MaxOutputTokens = 7 }, TestContext.Current.CancellationToken);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        Assert.InRange(UsageReader.Read(response.Usage).Output, 1, 7);
    }

    [Fact]
    public async Task Results_of_tools_are_text_to_work_on()
    {
        ChatMessage[] messages =
        [
            new(ChatRole.User, "What is the weather in Oslo?"),
            new(ChatRole.Assistant, [new FunctionCallContent("c1", "weather")]),
            new(ChatRole.Tool, [new FunctionResultContent("c1", "In Oslo the weather is rainy today.")]),
        ];
        Assert.Equal("In Oslo the weather is rainy today.",
            (await _gateway.GetClient("x").GetResponseAsync(messages,
            cancellationToken: TestContext.Current.CancellationToken)).Text);
    }

    [Fact]
    public async Task Hostile_and_odd_prompts_are_answered_too()
    {
        foreach (var prompt in (string[])[new string('(', 20_000),
            string.Concat(Enumerable.Repeat("{\"a\":", 3_000)) + " JSON", "\ud800 lone", "== ==\n```\n<x>",
            new string('a', 200_000), "json {", "== " + new string('b', 100_000),
            "json " + new string('{', 100_000), "Answer: " + string.Concat(Enumerable.Repeat("\"x ", 20_000)),
            string.Concat(Enumerable.Repeat("a, b or ", 3_000))])
        {
            Assert.True((await AskAsync(prompt)).Length > 0, prompt[..Math.Min(30, prompt.Length)]);
        }
    }

    public void Dispose() => _gateway.Dispose();

    private async Task<string> AskAsync(string prompt, ChatOptions? options = null) =>
        (await _gateway.GetClient("claude-haiku-4-5").GetResponseAsync(prompt, options,
            TestContext.Current.CancellationToken)).Text;

    private static string Research(string view, string cover) =>
        $"Research the topic \"large language models\" from {view} perspective.\nCover: {cover}.\nReturn 5–8 concise bullet points. No fluff.\n";
}
