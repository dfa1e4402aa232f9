using Hydra.Model;

namespace Hydra.Agents.Mcp;

/// <summary>The tools of one server as they were when somebody last looked.</summary>
/// <param name="Source">The start command or address that gave them.</param>
internal sealed record McpPin(string Source, IReadOnlyList<McpDefinition> Tools);

/// <summary>
/// The lock file: which tools each MCP server had when it was first used, or last pinned by hand. What differs from it is
/// refused until somebody has looked at the difference and pinned it anew.
/// </summary>
/// <param name="folder">The working directory of the run.</param>
internal sealed class McpPins(string folder)
{
    public const string FileName = "mcp.lock.json";
    private static readonly Lock Writing = new();

    private readonly string _path = Path.Combine(Path.GetFullPath(folder), FileName);

    /// <exception cref="CallFailedException">The file is there and cannot be read.</exception>
    public McpPin? Find(string server)
    {
        if (Servers().GetOrNull(server) is not { IsObject: true } kept) return null;
        var map = kept.AsObject;
        return new McpPin(map["source"].AsText, [.. map["tools"].Items.Select(tool => new McpDefinition(tool))]);
    }

    public void Record(string server, McpPin pin)
    {
        lock (Writing)
        {
            var servers = new SortedDictionary<string, Value>(Servers().ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal), StringComparer.Ordinal)
            {
                [server] = ValueMap.Of(("source", pin.Source), ("sha256", StepKey.Of(Value.Of(pin.Tools.Select(tool => tool.Value)))), ("tools", Value.Of(pin.Tools.Select(tool => tool.Value)))),
            };
            var beside = $"{_path}.{Guid.NewGuid():N}.part";
            try
            {
                File.WriteAllText(beside, ValueJson.ToText(ValueMap.Of(("version", 1), ("servers", ValueMap.Of(servers))), indented: true) + "\n");
                File.Move(beside, _path, overwrite: true);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                throw new CallFailedException(ErrorCode.ToolFailed, $"the tools of the MCP server '{server}' cannot be pinned in '{_path}': {failed.Message}", failed);
            }
            finally
            {
                File.Delete(beside);
            }
        }
    }

    /// <summary>How what a server offers differs from its pin, one line each; empty: it is as pinned. A tool that came new is no difference: nobody is told of it.</summary>
    public static IReadOnlyList<string> Differences(McpPin pin, string source, IReadOnlyList<McpDefinition> offered)
    {
        var found = new List<string>();
        if (pin.Source != source) found.Add($"it is started or called by '{source}', pinned was '{pin.Source}'");
        foreach (var tool in pin.Tools)
        {
            if (offered.FirstOrDefault(each => each.Name == tool.Name) is not { } now) found.Add($"its tool '{tool.Name}' is gone");
            else if (now.Value != tool.Value) found.Add($"its tool '{tool.Name}' has another {string.Join(" and ", Changed(tool.Value.AsObject, now.Value.AsObject))}");
        }
        return found;
    }

    private static IEnumerable<string> Changed(ValueMap was, ValueMap now) =>
        was.Keys.Union(now.Keys, StringComparer.Ordinal).Where(key => was.GetOrNull(key) != now.GetOrNull(key));

    private ValueMap Servers()
    {
        if (!File.Exists(_path)) return ValueMap.Empty;
        try
        {
            var map = ValueJson.Parse(File.ReadAllText(_path)).AsObject;
            var servers = map["servers"].AsObject;
            foreach (var (_, server) in servers)
            {
                _ = server.AsObject["source"].AsText;
                foreach (var tool in server.AsObject["tools"].Items) _ = (tool.AsObject["name"].AsText, tool.AsObject["inputSchema"].AsObject);
            }
            return servers;
        }
        catch (Exception bad) when (bad is not OutOfMemoryException)
        {
            // Whatever stands in the file instead: a person or a merge wrote it.
            throw new CallFailedException(ErrorCode.BadRequest, $"'{_path}' is no list of pinned MCP tools ({bad.Message}). Restore it, or remove it and pin again with `hydra tools pin`", bad);
        }
    }
}
