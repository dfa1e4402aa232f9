using System.Runtime.CompilerServices;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>The pipeline's last stage: finds who answers, over deployments and groups, and passes the answer on.</summary>
/// <remarks>Up to the first content every failure may be tried elsewhere; after it the answer is one deployment's, or breaks off.</remarks>
internal sealed class RouteStage(Func<GatewayModels> models, GroupCall groups, TimeProvider clock) : IChatClient
{
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var call = (CallOptions)options!;
        var group = models().Find(call.Operation.Model);
        var limit = call.Operation.Timeout ?? group.Config.Timeouts.Total;
        using var timer = new TimedToken(limit, clock, cancellationToken);
        var list = messages as IReadOnlyList<ChatMessage> ?? [.. messages];
        IAsyncEnumerator<ChatResponseUpdate>? answer = null;
        try
        {
            while (await NextAsync()) yield return answer!.Current;
        }
        finally
        {
            if (answer is not null) await answer.DisposeAsync();
        }

        async ValueTask<bool> NextAsync()
        {
            try
            {
                answer ??= (await FindAsync(list, call, group, timer.Token)).ReadAsync(timer.Token).GetAsyncEnumerator(timer.Token);
                return await answer.MoveNextAsync();
            }
            catch (OperationCanceledException) when (timer.IsOver)
            {
                throw new GatewayRefusedException(RefusalKind.TimedOut, $"'{call.Operation.Model}' did not answer within {limit.TotalSeconds:0.###} s, over {call.Operation.Attempts.Count} attempts.");
            }
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        // The deployments belong to the service.
    }

    /// <summary>Goes from group to group, each once, until one answers.</summary>
    private async ValueTask<LiveAnswer> FindAsync(IReadOnlyList<ChatMessage> messages, CallOptions options, ModelGroup first, CancellationToken cancellationToken)
    {
        var operation = options.Operation;
        var visited = new HashSet<string>(StringComparer.Ordinal);
        var next = new Queue<string>();
        Exception? failure = null;
        for (var group = first; ;)
        {
            visited.Add(group.Name);
            var result = await groups.AskAsync(group, messages, options, cancellationToken);
            if (result.Answer is { } answer) return answer;
            // That the caller holds too little for this group says less than why the one before failed: what it does then may help.
            if (failure is null || result.Failure is not GatewayRefusedException { Kind: RefusalKind.BudgetExceeded, Scope: null }) failure = result.Failure;
            foreach (var name in result.Next) next.Enqueue(name);
            do
            {
                if (!next.TryDequeue(out var name)) throw failure!;
                group = models().Find(name);
            }
            while (visited.Contains(group.Name));
            operation.Fallbacks++;
        }
    }
}
