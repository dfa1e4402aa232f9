using Hydra.Gateway.Fake;

namespace Hydra.Cli.Tests;

/// <summary>Attachments by the real program: what a provider is sent, and what decides whether it is asked again.</summary>
public sealed class AttachmentTests
{
    private const string Flow = "name: look\nnodes:\n  - {id: look, type: agent, model: gpt-4o-mini, prompt: 'What is it?', attachments: [{path: owl.png}]}\n";
    private static readonly byte[] Owl = [0x89, 0x50, 0x4E, 0x47, 1];
    private static readonly byte[] Other = [0x89, 0x50, 0x4E, 0x47, 2];

    [Fact]
    public async Task A_provider_sees_the_picture_and_is_asked_again_only_when_its_content_has_changed()
    {
        await using var provider = await FakeProvider.StartAsync();
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Flow);
        await File.WriteAllBytesAsync(terminal.PathOf("owl.png"), Owl);
        await RunAsync(terminal, provider, "--run-id", "one", "--record", "one.cassette");
        await RunAsync(terminal, provider, "--run-id", "two", "--reuse");
        await RunAsync(terminal, provider, "--replay", "one.cassette", "--backend", "replay");
        Assert.Contains($"data:image/png;base64,{Convert.ToBase64String(Owl)}", Assert.Single(provider.Calls).Body, StringComparison.Ordinal);

        await File.WriteAllBytesAsync(terminal.PathOf("owl.png"), Other);
        await RunAsync(terminal, provider, "--run-id", "three", "--reuse");
        Assert.Equal(2, provider.Calls.Count);
        Assert.Contains(Convert.ToBase64String(Other), provider.Calls[1].Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("claude-haiku-4-5", "ANTHROPIC", "", """{"type":"image","source":{"type":"base64","media_type":"image/png","data":"PICTURE"}}""", """{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"DOCUMENT"}}""")]
    [InlineData("gemini-2.5-flash", "GEMINI", "/v1beta", """{"inlineData":{"mimeType":"image/png","data":"PICTURE"}}""", """{"inlineData":{"mimeType":"application/pdf","data":"DOCUMENT"}}""")]
    public async Task Pictures_and_documents_reach_every_provider_in_its_own_form(string model, string provider, string path, string picture, string document)
    {
        await using var fake = await FakeProvider.StartAsync();
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Flow.Replace("gpt-4o-mini", model, StringComparison.Ordinal).Replace("{path: owl.png}", "{path: owl.png}, {path: owl.pdf}", StringComparison.Ordinal));
        await File.WriteAllBytesAsync(terminal.PathOf("owl.png"), Owl);
        await File.WriteAllBytesAsync(terminal.PathOf("owl.pdf"), Other);
        await RunAsync(terminal, new Dictionary<string, string> { [$"{provider}_BASE_URL"] = fake.Url + path, [$"{provider}_API_KEY"] = "key-secret" }, 0, "--run-id", "one");
        var sent = string.Concat(Assert.Single(fake.Calls).Body.Where(letter => !char.IsWhiteSpace(letter)));
        Assert.Contains(picture.Replace("PICTURE", Convert.ToBase64String(Owl), StringComparison.Ordinal), sent, StringComparison.Ordinal);
        Assert.Contains(document.Replace("DOCUMENT", Convert.ToBase64String(Other), StringComparison.Ordinal), sent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replay_says_that_another_picture_was_not_recorded()
    {
        await using var provider = await FakeProvider.StartAsync();
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Flow);
        await File.WriteAllBytesAsync(terminal.PathOf("owl.png"), Owl);
        await RunAsync(terminal, provider, "--record", "one.cassette");
        await File.WriteAllBytesAsync(terminal.PathOf("owl.png"), Other);
        await RunAsync(terminal, provider, expected: 1, "--replay", "one.cassette");
        Assert.Single(provider.Calls);
    }

    [Fact]
    public async Task The_offline_model_reads_texts_and_passes_over_pictures()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", "name: look\nnodes:\n  - {id: look, type: agent, model: offline/extract, prompt: 'Sum up the attachment.', attachments: [{path: owl.png}, {path: notes.txt}]}\n");
        terminal.Write("notes.txt", "The barn owl hunts voles at night over open meadows.");
        await File.WriteAllBytesAsync(terminal.PathOf("owl.png"), Owl);
        Assert.Equal(0, terminal.Run("run", "flow.yaml"));
        Assert.Contains("voles", terminal.Out, StringComparison.Ordinal);
    }

    private static Task RunAsync(Terminal terminal, FakeProvider provider, params string[] words) => RunAsync(terminal, provider, 0, words);

    private static Task RunAsync(Terminal terminal, FakeProvider provider, int expected, params string[] words) =>
        RunAsync(terminal, new Dictionary<string, string> { ["OPENAI_BASE_URL"] = provider.Url + "/v1", ["OPENAI_API_KEY"] = "sk-secret" }, expected, words);

    private static async Task RunAsync(Terminal terminal, Dictionary<string, string> environment, int expected, params string[] words)
    {
        using var hydra = HydraProcess.Start(terminal.Folder, environment, ["run", "flow.yaml", .. words]);
        var (code, _, error) = await hydra.EndAsync();
        Assert.True(code == expected, error);
    }
}
