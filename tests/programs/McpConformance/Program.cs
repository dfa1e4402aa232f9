using Hydra.Agents.Mcp;
using Hydra.Model;

// The client that the official MCP conformance suite asks for: its last argument is a server's address, and the environment names the
// scenario. It does what a node of a workflow does with that server: looks at the tools, and calls each of them.
var scenario = Environment.GetEnvironmentVariable("MCP_CONFORMANCE_SCENARIO") ?? "";
var context = ValueJson.TryParse(Environment.GetEnvironmentVariable("MCP_CONFORMANCE_CONTEXT") ?? "{}", out var given) && given.IsObject ? given.AsObject : ValueMap.Empty;
var folder = Directory.CreateTempSubdirectory("hydra-conformance-").FullName;
using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
try
{
    var authorization = new McpAuthorization
    {
        RedirectUri = new Uri("http://localhost:1/callback"),
        SignInAsync = SignInAsync,
        ClientId = context.GetOrNull("client_id").TextOrNull,
        ClientSecret = context.GetOrNull("client_secret").TextOrNull,
        ClientMetadataDocumentUri = new Uri("https://conformance-test.local/client-metadata.json"),
    };
    var spec = new McpServerSpec { Name = "server", Url = new Uri(args[^1]), Forms = McpFormRule.Defaults };
    await using var server = new McpServer(spec, folder, scenario.StartsWith("auth/", StringComparison.Ordinal) ? authorization : null, TimeProvider.System);
    foreach (var tool in await server.ToolsAsync(limit.Token))
    {
        var arguments = tool.Name == "add_numbers" ? ValueMap.Of(("a", 5), ("b", 3)) : ValueMap.Empty;
        Console.WriteLine($"{tool.Name}: {await server.CallAsync(tool.Name, arguments, EffectClass.Pure, null, () => { }, limit.Token)}");
    }
    return 0;
}
catch (CallFailedException failed)
{
    await Console.Error.WriteLineAsync($"{failed.Code}: {failed.Message}");
    return 1;
}
finally
{
    Directory.Delete(folder, recursive: true);
}

// A user who agrees: the suite's authorization server sends them back at once.
static async Task<Uri?> SignInAsync(Uri address, CancellationToken cancellationToken)
{
    using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
    using var answer = await browser.GetAsync(address, cancellationToken);
    return answer.Headers.Location;
}
