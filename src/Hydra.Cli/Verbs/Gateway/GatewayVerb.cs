using System.Runtime.CompilerServices;
using Hydra.Gateway.Config;
using Hydra.Gateway.Doors;
using Hydra.Gateway.Pipeline;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra gateway</c>: the model gateway as a server, with the configuration's changes taken while it runs.</summary>
internal static class GatewayVerb
{
    private const string UrlByDefault = "http://127.0.0.1:4000";
    private static readonly Option Urls = new("--urls", "URLS", $"where to listen, separated by semicolons; default {UrlByDefault}");

    public static readonly Verb Verb = new("gateway", "", "serves every configured model to OpenAI and Anthropic clients")
    {
        Options = [GatewayFile.Config, Urls, CommonOptions.RunsDir, CommonOptions.Help],
        Notes = "Without a configuration it answers for every account that the environment names (OPENAI_API_KEY, …), as PROVIDER/MODEL, on this machine without keys. Ctrl+C waits for calls under way; twice ends at once.\nIt obeys the kill switch of --runs-dir: hydra kill-switch on --scope models.",
        Run = ServeAsync,
    };

    [MethodImpl(MethodImplOptions.NoInlining)]   // so that no other verb loads ASP.NET
    private static async Task<int> ServeAsync(ParsedArguments arguments, CliIo io)
    {
        var urls = arguments.Get(Urls) ?? UrlByDefault;
        var file = GatewayFile.Find(arguments, io);
        var config = file is null ? AutomaticConfig.Of(io.Environment) with { AuthRequired = !ListenRule.IsLoopback(urls) } : GatewayFile.Read(file, io);
        if (ListenRule.Check(config, urls) is { } open) throw new UsageException(open);

        using var stop = new CancellationTokenSource();
        var interruptions = 0;
        using var interrupts = io.OnInterrupt(() =>
        {
            if (Interlocked.Increment(ref interruptions) > 1) io.Exit(ExitCode.Interrupted);
            else stop.Cancel();
        });
        using var killSwitch = new WatchedSwitch(Wiring.RunsDirOf(arguments, io), io.Clock, stop.Token);
        var log = new GatewayLog(io);
        var options = new GatewayServiceOptions
        {
            Environment = io.Environment,
            Folder = Path.GetFullPath(file is null ? io.PathOf(".") : Path.GetDirectoryName(Path.GetFullPath(file))!),
            Clock = io.Clock,
            KillSwitch = () => killSwitch.Reason,
            OnDefect = log.Defect,
            OnWarning = line => log.Write($"warning: {line}"),
            OnOtherModel = log.OtherModel,
        };
        await using var service = await OpenAsync(config, options, stop.Token);
        await using var host = await StartAsync(urls, service, stop.Token);
        using var reload = file is null ? null : new GatewayReload(file, urls, service, log, io);
        Print(host.Url, config, service.Reachable, io);
        try
        {
            await Task.Delay(Timeout.Infinite, stop.Token);
        }
        catch (OperationCanceledException)
        {
            io.Error.WriteLine("waiting for the calls under way");
        }
        return ExitCode.Done;
    }

    private static async Task<GatewayService> OpenAsync(GatewayConfig config, GatewayServiceOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await GatewayService.OpenAsync(config, options, cancellationToken);
        }
        catch (GatewayConfigException wrong)
        {
            throw GatewayFile.Unusable(wrong);
        }
    }

    private static async Task<GatewayHost> StartAsync(string urls, GatewayService service, CancellationToken cancellationToken)
    {
        try
        {
            return await GatewayHost.StartAsync(urls, service, cancellationToken);
        }
        catch (Exception wrong) when (wrong is IOException or FormatException or InvalidOperationException or System.Net.Sockets.SocketException)
        {
            throw new UsageException($"the gateway cannot listen at {urls}: {wrong.Message.TrimEnd('.')}. Name another address with --urls.");
        }
    }

    /// <param name="reachable">Models that are known at the accounts, beside the groups.</param>
    private static void Print(string url, GatewayConfig config, IReadOnlyList<string> reachable, CliIo io)
    {
        var models = config.Models.Keys.Order(StringComparer.Ordinal).ToList();
        if (config.Passthrough) models.AddRange(config.Providers.Keys.Order(StringComparer.Ordinal).Select(name => $"{name}/MODEL"));
        var example = config.Models.Count > 0 ? models[0] : reachable.Count > 0 ? reachable[0] : models.FirstOrDefault();
        var key = config.AuthRequired ? " -H 'Authorization: Bearer KEY'" : "";
        io.Out.WriteLine($"gateway at {url}: {TerminalText.Of(string.Join(", ", models))}");
        io.Out.WriteLine(TerminalText.Of($"curl {url}/v1/chat/completions{key} -H 'Content-Type: application/json' -d '{{\"model\": \"{example}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'"));
        if (reachable.Count > 0) io.Out.WriteLine($"{Amounts.Count(reachable.Count, "model is", "models are")} known at these accounts: curl {url}/v1/models{key}");
        if (config.AuthRequired) io.Out.WriteLine("make a key with: hydra gateway keys create --name NAME");
        io.Out.Flush();
    }
}

/// <summary>What a running gateway tells on standard error.</summary>
internal sealed class GatewayLog(CliIo io)
{
    private const int ToldMax = 1_000;

    private readonly Lock _gate = new();
    private readonly HashSet<(string, string)> _told = [];

    public void Defect(Exception failure) => Write($"defect: {failure.GetType().Name}: {failure.Message}");

    /// <summary>Told once for each deployment and model.</summary>
    public void OtherModel(Operation operation, Attempt attempt)
    {
        lock (_gate)
        {
            if (_told.Count >= ToldMax || !_told.Add((attempt.Deployment, attempt.AnsweredBy!))) return;
        }
        Write($"warning: {attempt.Deployment} was asked for '{attempt.Model}', and '{attempt.AnsweredBy}' answered (first in {operation.Id}); its price may be another");
    }

    public void Write(string line)
    {
        lock (_gate) io.Error.WriteLine(TerminalText.Block(line));
    }
}
