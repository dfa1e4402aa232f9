using System.Collections.Concurrent;
using System.Text.Json;
using Hydra.Gateway.Fake;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

public sealed class SpanTests
{
    [Fact]
    public async Task An_operation_is_one_span_in_the_callers_trace_with_a_child_for_each_attempt_and_no_prompt_in_it()
    {
        await using var collector = await Collector.StartAsync();
        string? environment(string name) => name switch
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => collector.Url,
            "OTEL_EXPORTER_OTLP_PROTOCOL" => "http/json",
            _ => null,
        };
        await using (var gateway = await StartAsync(config => config, environment, FakeScript.Parse("""{"rules":[{"status":500}]}"""), new FakeScript()))
        {
            gateway.Http.DefaultRequestHeaders.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"smart","messages":[{"role":"user","content":"A planted secret."}]}""");
            response.EnsureSuccessStatusCode();
        }

        var spans = collector.Spans();
        var operation = Assert.Single(spans, span => span.GetProperty("kind").GetInt32() == 2);
        var attempts = spans.Where(span => span.GetProperty("kind").GetInt32() == 3).ToList();
        Assert.Equal(("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"), (operation.GetProperty("traceId").GetString(), operation.GetProperty("parentSpanId").GetString()));
        Assert.Equal("chat smart", operation.GetProperty("name").GetString());
        Assert.True(attempts.Count >= 2);
        Assert.All(attempts, attempt => Assert.Equal(operation.GetProperty("spanId").GetString(), attempt.GetProperty("parentSpanId").GetString()));
        Assert.DoesNotContain("planted", string.Concat(collector.Bodies));
        Assert.DoesNotContain("sk-upstream", string.Concat(collector.Bodies));
    }

    /// <summary>Keeps what is sent to it.</summary>
    private sealed class Collector(WebApplication app, ConcurrentQueue<string> bodies) : IAsyncDisposable
    {
        public IEnumerable<string> Bodies => bodies;
        public string Url => app.Urls.First();

        public static async Task<Collector> StartAsync()
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            builder.Services.AddRoutingCore();
            var app = builder.Build();
            var bodies = new ConcurrentQueue<string>();
            app.MapPost("/v1/traces", async (HttpContext context) =>
            {
                using var reader = new StreamReader(context.Request.Body);
                bodies.Enqueue(await reader.ReadToEndAsync(context.RequestAborted));
                await context.Response.WriteAsync("{}", context.RequestAborted);
            });
            await app.StartAsync(TestContext.Current.CancellationToken);
            return new Collector(app, bodies);
        }

        public List<JsonElement> Spans() =>
            [.. bodies.SelectMany(body => JsonDocument.Parse(body).RootElement.GetProperty("resourceSpans")[0].GetProperty("scopeSpans")[0].GetProperty("spans").EnumerateArray())];

        public async ValueTask DisposeAsync() => await app.DisposeAsync();
    }
}
