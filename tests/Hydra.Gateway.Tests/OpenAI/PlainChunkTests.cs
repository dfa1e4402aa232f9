using System.Text;
using Hydra.Gateway.OpenAI;

namespace Hydra.Gateway.Tests.OpenAI;

public sealed class PlainChunkTests
{
    private const string Before = """{"id":"a","model":"m","choices":[{"index":0,"delta":{"content":""", After = ""","refusal":null},"finish_reason":null}],"usage":null}""";
    private readonly PlainChunk _chunk = new();

    [Theory]
    [InlineData("\"\"", "")]
    [InlineData("\"dance\"", "dance")]
    [InlineData("\"Blüte, 🌼\"", "Blüte, 🌼")]
    [InlineData("\"a \\\"word\\\"\\n\"", "a \"word\"\n")]
    [InlineData("\"\\ud83c\\udf3c\"", "🌼")]
    [InlineData("null", null)]
    [InlineData("\"a\",\"tool_calls\":[{}],\"b\":\"c\"", null)]
    [InlineData("\"a\nb\"", null)]
    [InlineData("\"half", null)]
    [InlineData("\"\\ud83c\"", null)]
    public void A_text_is_read_alike_in_the_first_chunk_and_after_others(string json, string? text)
    {
        Assert.Equal(text, TextOf(Before + json + After));
        Assert.Equal("Bees ", TextOf(Before + "\"Bees \"" + After));
        Assert.Equal(text, TextOf(Before + json + After));
    }

    [Fact]
    public void What_says_more_than_its_text_is_read_in_full_after_chunks_that_did_not()
    {
        Assert.Equal("Bees ", TextOf(Before + "\"Bees \"" + After));
        Assert.Null(TextOf(Before + "\"dance\"" + After.Replace("\"finish_reason\":null", "\"finish_reason\":\"stop\"", StringComparison.Ordinal)));
        Assert.Null(TextOf(Before + "\"dance\"" + After.Replace("\"usage\":null", "\"usage\":{}", StringComparison.Ordinal)));
        Assert.Null(TextOf(Before.Replace("\"index\":0", "\"index\":1", StringComparison.Ordinal) + "\"dance\"" + After));
        Assert.Equal("home", TextOf(Before + "\"home\"" + After));
    }

    private string? TextOf(string json) => _chunk.TextOf(Encoding.UTF8.GetBytes(json));
}
