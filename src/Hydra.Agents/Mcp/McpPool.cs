using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Agents.Mcp;

/// <summary>The servers in use: attempts of one run that use the same server at the same time share it, and the last one closes it.</summary>
/// <param name="authorization">How to sign in where a server asks for it; null: such servers cannot be used.</param>
internal sealed class McpPool(McpAuthorization? authorization = null)
{
    private readonly Dictionary<string, (McpServer Server, int Users)> _open = new(StringComparer.Ordinal);

    /// <summary>The server, entered once; to be left as often.</summary>
    /// <returns>And its key, for leaving it.</returns>
    public (string Key, McpServer Server) Enter(McpServerSpec spec, McpSurroundings around)
    {
        var key = $"{around.Run}\n{around.WorkingDirectory}\n{spec.Name}\n{StepKey.Of(McpServerSpec.Declared(around.Workflow)[spec.Name])}";
        lock (_open)
        {
            var (server, users) = _open.TryGetValue(key, out var known) ? known : (new McpServer(spec.Filled(around.Scope, around.WorkingDirectory) with { Sandbox = spec.Sandbox ?? around.Sandbox }, around.WorkingDirectory, authorization, around.Clock), 0);
            _open[key] = (server, users + 1);
            return (key, server);
        }
    }

    public ValueTask LeaveAsync(string key)
    {
        lock (_open)
        {
            var (server, users) = _open[key];
            if (users > 1) _open[key] = (server, users - 1);
            else _open.Remove(key);
            return users > 1 ? ValueTask.CompletedTask : server.DisposeAsync();
        }
    }
}

/// <summary>What a server sees of whoever uses it. Runs share nothing.</summary>
/// <param name="Scope">Where <c>env</c> is found.</param>
/// <param name="Sandbox">How the run's programs are confined; null: they are not.</param>
internal sealed record McpSurroundings(string Run, WorkflowSpec Workflow, string WorkingDirectory, TimeProvider Clock, ITemplateScope Scope, string? Sandbox)
{
    public static McpSurroundings Of(NodeAttempt attempt, WorkflowSpec workflow) =>
        new(attempt.Run.Text, workflow, attempt.Services.WorkingDirectory, attempt.Services.Clock, attempt.Scope, attempt.Services.Sandbox);
}

/// <summary>The servers that one attempt has used so far. For many threads.</summary>
internal sealed class McpConnections(McpPool pool, McpSurroundings around) : IAsyncDisposable
{
    private readonly Dictionary<string, (string Key, McpServer Server)> _used = new(StringComparer.Ordinal);

    /// <exception cref="CallFailedException">There is no such server, or its declaration is wrong.</exception>
    public McpServer To(string name)
    {
        lock (_used)
        {
            if (_used.TryGetValue(name, out var known)) return known.Server;
            var spec = McpServerSpec.Find(around.Workflow, name, out var wrong) ?? throw new CallFailedException(ErrorCode.BadRequest, wrong);
            return (_used[name] = pool.Enter(spec, around)).Server;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (key, _) in _used.Values) await pool.LeaveAsync(key);
    }
}
