using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Hydra.Gateway.Offline;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Commands;

/// <summary>
/// A program as a model: the prompt goes to its standard input, its standard output is the answer. No shell takes part. Tokens are
/// estimated by <see cref="TokenCount"/>; tools are not possible. Cancelling ends the program and all that it started.
/// </summary>
internal sealed class CommandChatClient(string commandLine, ModelFacts facts, GatewayOptions settings) : IChatClient
{
    /// <summary>Longest answer in characters; a program that writes more is ended.</summary>
    public const int OutputCharsMax = 4 * 1024 * 1024;
    private const int ErrorCharsMax = 2_000;

    private readonly ChatClientMetadata _metadata = new("command", defaultModelId: facts.Id);

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        if (options?.Tools is { Count: > 0 } && options.ToolMode is not NoneChatToolMode)
        {
            throw new CallFailedException(ErrorCode.BadRequest,
                $"The command '{commandLine}' cannot call tools. Give the node another model, or no tools.");
        }
        var prompt = PromptText.Of(messages, options);
        var answer = await RunAsync(prompt, cancellationToken);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, answer))
        {
            ModelId = facts.Id,
            FinishReason = ChatFinishReason.Stop,
            Usage = UsageReader.ToDetails(new TokenUsage(TokenCount.Of(prompt), TokenCount.Of(answer))),
        };
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return _metadata;
        if (serviceType == typeof(ModelFacts)) return facts;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    public void Dispose()
    {
        // Each call ends its own process.
    }

    private async Task<string> RunAsync(string prompt, CancellationToken cancellationToken)
    {
        using var process = Start();
        using var timer = new CancellationTokenSource(settings.AnswerTimeout, settings.Clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            var errors = ReadTailAsync(process.StandardError, linked.Token);
            var output = ReadAsync(process.StandardOutput, linked.Token);
            var input = WriteAsync(process.StandardInput, prompt, linked.Token);
            var answer = await output;   // first, so that too much of it ends a program that no longer reads
            var said = await errors;
            await input;
            await process.WaitForExitAsync(linked.Token);
            if (process.ExitCode != 0)
            {
                throw new CallFailedException(ErrorCode.ProviderError,
                    $"The command '{commandLine}' ended with exit code {process.ExitCode}{(said.Length == 0 ? "" : ": " + said)}");
            }
            return answer.TrimEnd();
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested
            && !cancellationToken.IsCancellationRequested)
        {
            throw new CallFailedException(ErrorCode.Timeout,
                $"The command '{commandLine}' did not end within {settings.AnswerTimeout.TotalSeconds:0.###} s; it was stopped.");
        }
        catch (OperationCanceledException cancelled) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The call was cancelled.", cancelled, cancellationToken);
        }
        finally
        {
            Kill(process);
        }
    }

    private Process Start()
    {
        try
        {
            var arguments = CommandLine.Split(commandLine);
            var start = new ProcessStartInfo(arguments[0])
            {
                RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
                    UseShellExecute = false,
                StandardInputEncoding = new UTF8Encoding(false), StandardOutputEncoding = Encoding.UTF8,
                    StandardErrorEncoding = Encoding.UTF8,
            };
            foreach (var argument in arguments.Skip(1)) start.ArgumentList.Add(argument);
            return Process.Start(start)!;
        }
        catch (FormatException error)
        {
            throw new CallFailedException(ErrorCode.BadRequest, error.Message, error);
        }
        catch (Exception error) when (error is Win32Exception or IOException or InvalidOperationException)
        {
            throw new CallFailedException(ErrorCode.BadRequest,
                $"The command '{commandLine}' could not be started: {error.Message}. Is the program installed and on the PATH?", error);
        }
    }

    private static async Task WriteAsync(StreamWriter input, string prompt, CancellationToken cancellationToken)
    {
        try
        {
            await input.WriteAsync(prompt.AsMemory(), cancellationToken);
            input.Close();
        }
        catch (IOException)
        {
            // The program stopped reading; its exit code and its output say what that means.
        }
    }

    private async Task<string> ReadAsync(StreamReader output, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var buffer = new char[8 * 1024];
        int count;
        while ((count = await output.ReadAsync(buffer, cancellationToken)) > 0)
        {
            text.Append(buffer, 0, count);
            if (text.Length > OutputCharsMax)
            {
                throw new CallFailedException(ErrorCode.ProviderError,
                    $"The command '{commandLine}' wrote more than {OutputCharsMax / (1024 * 1024)} Mi characters; it was stopped.");
            }
        }
        return text.ToString();
    }

    /// <summary>The last characters only, however much is written.</summary>
    private static async Task<string> ReadTailAsync(StreamReader errors, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var buffer = new char[4 * 1024];
        int count;
        while ((count = await errors.ReadAsync(buffer, cancellationToken)) > 0)
        {
            text.Append(buffer, 0, count);
            if (text.Length > ErrorCharsMax) text.Remove(0, text.Length - ErrorCharsMax);
        }
        return text.ToString().Trim();
    }

    private static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception or NotSupportedException)
        {
            // It ended by itself in between.
        }
    }
}
