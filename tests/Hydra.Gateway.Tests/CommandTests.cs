using Hydra.Gateway.Commands;
using Hydra.Model;
using Hydra.Tests.Shared;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

public sealed class CommandTests
{
    [Theory]
    [InlineData("claude -p", "claude|-p")]
    [InlineData("a 'b c' \"d \\\"e\\\"\" ''", "a|b c|d \"e\"|")]
    [InlineData("x C:\\dir\\f $HOME * `id` ; rm", "x|C:\\dir\\f|$HOME|*|`id`|;|rm")]
    public void A_line_is_split_without_a_shell(string line, string arguments) =>
        Assert.Equal(arguments.Split('|'), CommandLine.Split(line));

    [Theory, InlineData("a 'b"), InlineData("   ")]
    public void A_line_that_cannot_be_split_is_refused(string line) =>
        Assert.Throws<FormatException>(() => CommandLine.Split(line));

    [Fact]
    public async Task The_prompt_goes_in_and_the_output_is_the_answer()
    {
        var response = await AskAsync("cat");
        Assert.Equal("What?", response.Text);
        Assert.True(UsageReader.Read(response.Usage) is { Input: > 0, Output: > 0 });
    }

    [Fact]
    public async Task A_dialogue_names_its_speakers() =>
        Assert.Equal("Be brief.\n\n[user]\nA\n\n[assistant]\nB\n\n[user]\nC", (await AskAsync("cat",
            new ChatMessage(ChatRole.System, "Be brief."), new ChatMessage(ChatRole.User, "A"),
                new ChatMessage(ChatRole.Assistant, "B"), new ChatMessage(ChatRole.User, "C"))).Text);

    [Fact]
    public async Task An_exit_code_fails_with_the_end_of_what_was_said()
    {
        var failure = await Assert.ThrowsAsync<CallFailedException>(() =>
            AskAsync("sh -c 'echo no login >&2; exit 3'"));
        Assert.Equal(ErrorCode.ProviderError, failure.Code);
        Assert.Contains("exit code 3: no login", failure.Message);
    }

    [Fact]
    public async Task A_missing_program_is_a_bad_request_that_says_so() =>
        Assert.Contains("PATH",
            (await Assert.ThrowsAsync<CallFailedException>(() => AskAsync("no-such-program-here"))).Message);

    [Fact]
    public async Task Endless_output_is_stopped() =>
        Assert.Contains("Mi characters",
            (await Assert.ThrowsAsync<CallFailedException>(() => AskAsync("yes"))).Message);

    [Fact]
    public async Task Cancelling_ends_the_whole_process_tree()
    {
        // The inner shell writes its id into a pipe of ours; the outer one waits for it.
        var folder = Directory.CreateTempSubdirectory("hydra-command-test-").FullName;
        var pipe = Path.Combine(folder, "id");
        using var told = new StreamReader(NamedPipe.Open(pipe));
        using var gateway = new ModelGateway(new GatewayOptions { Backend = $"command:sh -c 'sh -c \"echo \\$\\$ > {pipe}; exec sleep 600\" & wait'" });
        using var cancel = new CancellationTokenSource();
        var answer = gateway.GetClient("x").GetResponseAsync("Hi", cancellationToken: cancel.Token);
        using var child = System.Diagnostics.Process.GetProcessById(int.Parse((await told.ReadLineAsync(TestContext.Current.CancellationToken))!));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<ChatResponse> AskAsync(string command, params ChatMessage[] messages)
    {
        using var gateway = new ModelGateway(new GatewayOptions { Backend = $"command:{command}" });
        return await gateway.GetClient("anything").GetResponseAsync(messages.Length > 0 ? messages
            : [new ChatMessage(ChatRole.User, "What?")], cancellationToken: TestContext.Current.CancellationToken);
    }
}
