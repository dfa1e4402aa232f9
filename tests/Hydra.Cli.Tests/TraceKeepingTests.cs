using System.Net;
using Hydra.Model;
using Hydra.Tests.Shared;

namespace Hydra.Cli.Tests;

/// <summary>What a run leaves for trace viewers.</summary>
public sealed class TraceKeepingTests
{
    private const string Flow = "name: flow\nnodes:\n  - {id: a, type: agent, model: offline/extract, prompt: Say it.}\n  - {id: b, type: set, value: '{{ a }}', depends_on: [a]}\n";

    [Fact]
    public void A_run_keeps_its_spans_beside_itself_one_a_line()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Flow);
        Assert.Equal(0, terminal.Run("run", "flow.yaml", "--run-id", "kept"));

        var names = SpansOf(terminal).Select(span => span["name"].AsText).ToList();
        Assert.Contains("invoke_workflow flow", names);
        Assert.Contains(names, name => name.StartsWith("chat ", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFiles(terminal.PathOf(".hydra/runs/kept"), "*.part"));
    }

    [Fact]
    public async Task With_a_collector_configured_the_same_spans_are_sent()
    {
        var (listener, port) = Listening.On();
        using var collector = listener;
        var received = ReceiveAsync(collector);
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Flow);
        terminal.Set("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}");
        terminal.Set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json");
        Assert.Equal(0, terminal.Run("run", "flow.yaml", "--run-id", "kept"));

        var (path, body) = await received;
        Assert.Equal("/v1/traces", path);
        foreach (var span in SpansOf(terminal)) Assert.Contains(span["span_id"].AsText, body);
    }

    [Fact]
    public void A_collector_that_is_not_there_is_one_warning_and_no_failure()
    {
        var (held, port) = Listening.Nowhere();
        using var nobody = held;
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Flow);
        terminal.Set("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}");
        Assert.Equal(0, terminal.Run("run", "flow.yaml", "--run-id", "kept"));
        Assert.Contains("The run is not affected", terminal.Error);
    }

    private static List<ValueMap> SpansOf(Terminal terminal) =>
        [.. File.ReadLines(terminal.PathOf(".hydra/runs/kept/trace.jsonl")).Select(line => Value.ParseJson(line).AsObject)];

    private static async Task<(string Path, string Body)> ReceiveAsync(HttpListener listener)
    {
        var context = await listener.GetContextAsync();
        using var reader = new StreamReader(context.Request.InputStream);
        var body = await reader.ReadToEndAsync();
        context.Response.Close();
        return (context.Request.Url!.AbsolutePath, body);
    }
}
