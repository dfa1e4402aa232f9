using System.Net;
using System.Text;
using Hydra.Gateway.Fake;

namespace Hydra.Cli.Tests;

/// <summary><c>hydra gateway</c> as a server, <c>gateway import</c>, and runs whose models come from the pipeline.</summary>
public sealed class GatewayServeTests
{
    private const string Hello = """{"model": "MODEL", "messages": [{"role": "user", "content": "Hi"}]}""";

    [Fact]
    public async Task It_starts_without_a_configuration_and_ends_at_an_interrupt()
    {
        await using var serving = Serving.Start([], "gateway", "--urls", "http://127.0.0.1:0");
        var url = await serving.UrlAsync();
        using var http = new HttpClient();
        using var answer = await http.PostAsync($"{url}/v1/chat/completions", Json("offline/any"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("\"model\": \"offline\"", await serving.Out.LineAsync("curl "), StringComparison.Ordinal);
        await serving.Out.LineAsync("1 model is known at these accounts");
        Assert.Contains("\"id\":\"offline\"", await http.GetStringAsync($"{url}/v1/models", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(0, await serving.StopAsync());
    }

    [Fact]
    public async Task A_changed_file_is_taken_and_a_wrong_one_is_not()
    {
        const string good = "providers: {a: {kind: offline}}\nmodels: {MODEL: {deployments: [{provider: a, model: m}]}}\nauth: {required: false}\n";
        await using var serving = Serving.Start([("gateway.yaml", good.Replace("MODEL", "first", StringComparison.Ordinal))], "gateway", "--urls", "http://127.0.0.1:0");
        var url = await serving.UrlAsync();
        using var http = new HttpClient();
        serving.Terminal.Write("gateway.yaml", good.Replace("provider: a", "provider: b", StringComparison.Ordinal));
        await serving.Error.LineAsync("the old one stays");
        await serving.Error.LineAsync("HYD902 gateway.yaml:2:");
        Assert.Contains("\"first\"", await http.GetStringAsync($"{url}/v1/models", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        serving.Terminal.Write("gateway.yaml", good.Replace("MODEL", "second", StringComparison.Ordinal));
        await serving.Error.LineAsync("is in use");
        Assert.Contains("\"second\"", await http.GetStringAsync($"{url}/v1/models", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(0, await serving.StopAsync());
    }

    [Fact]
    public async Task The_kill_switch_stops_its_calls()
    {
        using var other = new Terminal();
        Assert.Equal(0, other.Run("kill-switch", "on", "--scope", "models", "--reason", "drill"));
        await using var serving = Serving.Start([], "gateway", "--urls", "http://127.0.0.1:0", "--runs-dir", other.PathOf(".hydra"));
        using var http = new HttpClient();
        using var answer = await http.PostAsync($"{await serving.UrlAsync()}/v1/chat/completions", Json("offline/any"), TestContext.Current.CancellationToken);
        Assert.False(answer.IsSuccessStatusCode);
        Assert.Contains("drill", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(0, await serving.StopAsync());
    }

    [Theory]
    [InlineData("auth: {required: false}", "http://0.0.0.0:0", "HYD908")]
    [InlineData("modls: {}", "http://127.0.0.1:0", "HYD120 gateway.yaml:1:1")]
    [InlineData("auth: {required: true}", "nonsense", "cannot listen at nonsense")]
    public void What_cannot_start_says_why(string config, string urls, string why)
    {
        using var terminal = new Terminal();
        terminal.Write("gateway.yaml", config);
        Assert.Equal(2, terminal.Run("gateway", "--urls", urls));
        Assert.Contains(why, terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_lie_where_the_configuration_says()
    {
        using var terminal = new Terminal();
        terminal.Write("conf/gw.yaml", "store: {sqlite: keys.db}");
        Assert.Equal(0, terminal.Run("gateway", "keys", "create", "--name", "ci", "--config", "conf/gw.yaml"));
        Assert.True(File.Exists(terminal.PathOf("conf/keys.db")));
    }

    [Fact]
    public void An_import_writes_a_file_and_names_what_it_left_out()
    {
        using var terminal = new Terminal();
        terminal.Write("litellm.yaml", "model_list: [{model_name: a, litellm_params: {model: openai/gpt-5, api_key: os.environ/OPENAI_API_KEY, odd: 1}}]");
        Assert.Equal(0, terminal.Run("gateway", "import", "litellm.yaml", "-o", "gateway.yaml"));
        Assert.Contains("HYD909 litellm.yaml:1:", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("env:OPENAI_API_KEY", File.ReadAllText(terminal.PathOf("gateway.yaml")), StringComparison.Ordinal);
        Assert.Equal(1, terminal.Run("gateway", "import", "litellm.yaml", "--strict"));
        Assert.Equal(2, terminal.Run("gateway", "import", "litellm.yaml", "-o", "gateway.yaml"));
    }

    [Fact]
    public async Task A_run_goes_through_the_pipeline_with_failover_and_a_budget_of_the_ledger()
    {
        await using var broken = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Status = 500 }));
        await using var fine = await FakeProvider.StartAsync(new FakeScript());
        using var terminal = new Terminal();
        terminal.Set("KEY", "fake");
        terminal.Write("gateway.yaml", $$$"""
            providers:
              bad: {kind: openai, base_url: "{{{broken.Url}}}/v1", api_key: env:KEY}
              good: {kind: openai, base_url: "{{{fine.Url}}}/v1", api_key: env:KEY}
            models:
              smart:
                strategy: priority
                deployments:
                  - {provider: bad, model: m, price: {input: 1, output: 1}}
                  - {provider: good, model: m, priority: 2, price: {input: 1, output: 1}}
            budgets: [{scope: all, max_usd: 1}]
            store: {sqlite: ledger.db}
            """);
        terminal.Write("one.yaml", "name: one\ndefaults: {model: smart}\nnodes:\n  - {id: a, type: agent, prompt: hello}\n");
        Assert.Equal(0, terminal.Run("run", "one.yaml", "--gateway", "gateway.yaml"));
        Assert.Single(broken.Calls);
        Assert.Single(fine.Calls);
        Assert.Equal(0, terminal.Run("gateway", "stats", "--by", "deployment", "--store", "ledger.db"));
        Assert.Contains("smart/good/m", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("gateway", "why", "tag:node=a", "--store", "ledger.db"));
        Assert.DoesNotContain("spent  $0.00,", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("smart/good/m", terminal.Out, StringComparison.Ordinal);

        terminal.Write("gateway.yaml", File.ReadAllText(terminal.PathOf("gateway.yaml")).Replace("max_usd: 1}", "max_usd: 0}", StringComparison.Ordinal));
        Assert.NotEqual(0, terminal.Run("run", "one.yaml", "--gateway", "gateway.yaml"));
        Assert.Contains("The budget all of $0.00 has no room", terminal.Out + terminal.Error, StringComparison.Ordinal);
        Assert.Single(fine.Calls);
    }

    private static StringContent Json(string model) => new(Hello.Replace("MODEL", model, StringComparison.Ordinal), Encoding.UTF8, "application/json");

    /// <summary>A gateway verb while it runs.</summary>
    private sealed class Serving : IAsyncDisposable
    {
        private readonly TaskCompletionSource<Action> _interrupt = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Task<int> _end = Task.FromResult(0);

        public Terminal Terminal { get; } = new();
        public Lines Out { get; } = new();
        public Lines Error { get; } = new();

        public static Serving Start(IEnumerable<(string File, string Text)> files, params string[] words)
        {
            var serving = new Serving();
            foreach (var (file, text) in files) serving.Terminal.Write(file, text);
            var io = new CliIo
            {
                Out = serving.Out,
                Error = serving.Error,
                Environment = _ => null,
                WorkingDirectory = serving.Terminal.Folder,
                OnInterrupt = interrupted =>
                {
                    serving._interrupt.TrySetResult(interrupted);
                    return new StringReader("");
                },
            };
            serving._end = Task.Run(() => CommandLine.Run(words, io));
            return serving;
        }

        public async Task<string> UrlAsync() => (await Out.LineAsync("gateway at ")).Split(' ')[2].TrimEnd(':');

        public async Task<int> StopAsync()
        {
            (await _interrupt.Task)();
            return await _end;
        }

        public async ValueTask DisposeAsync()
        {
            if (!_end.IsCompleted) await StopAsync();
            Terminal.Dispose();
        }
    }

    /// <summary>Lines as they are written; one can be waited for.</summary>
    private sealed class Lines : TextWriter
    {
        private readonly List<string> _lines = [];
        private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Write(value.ToString());
        public override void WriteLine(string? value) => Write(value + "\n");

        public override void Write(string? value)
        {
            lock (_lines)
            {
                _lines.AddRange((value ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries));
                _more.TrySetResult();
                _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public async Task<string> LineAsync(string part)
        {
            while (true)
            {
                Task more;
                lock (_lines)
                {
                    if (_lines.Find(line => line.Contains(part, StringComparison.Ordinal)) is { } found) return found;
                    more = _more.Task;
                }
                await more.WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
            }
        }
    }
}
