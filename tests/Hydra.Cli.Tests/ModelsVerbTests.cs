using System.Text.Json;

namespace Hydra.Cli.Tests;

/// <summary><c>hydra models</c> as a user types it.</summary>
public sealed class ModelsVerbTests
{
    [Fact]
    public void The_providers_are_listed_with_what_is_still_to_be_set()
    {
        using var terminal = new Terminal();
        Assert.Equal(0, terminal.Run("models", "list", "--providers"));
        Assert.Matches("groq +openai +https://api.groq.com/openai/v1 +GROQ_API_KEY +set GROQ_API_KEY", terminal.Out);
        Assert.Equal(0, terminal.Run("models", "list", "--providers", "--json"));
        using var json = JsonDocument.Parse(terminal.Out);
        var groq = json.RootElement.EnumerateArray().Single(entry => entry.GetProperty("provider").GetString() == "groq");
        Assert.Equal("GROQ_API_KEY", groq.GetProperty("missing")[0].GetString());
        Assert.StartsWith("https://", groq.GetProperty("source").GetString());
    }
}
