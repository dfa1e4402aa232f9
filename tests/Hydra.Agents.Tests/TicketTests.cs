using Hydra.Execution;

namespace Hydra.Agents.Tests;

/// <summary>Tools whose answer is a ticket for a result that comes later.</summary>
public class TicketTests
{
    private const string Declared = "tools: {render: {type: function, ticket: {poll: status, every_seconds: 7}}, status: {type: function}}";
    private readonly MemoryRunStore _store = new();
    private readonly JumpingClock _clock = new(TimeSpan.FromSeconds(10));
    private readonly List<(string Ticket, DateTimeOffset At)> _looks = [];
    private int _rendered;

    /// <summary>What comes of the looks, by number; the last answer stays.</summary>
    private ToolRegistry Tools(params Func<object>[] answers) => new ToolRegistry()
        .Add(new FunctionTool(AIFunctionFactory.Create(object (string what) =>
        {
            Interlocked.Increment(ref _rendered);
            return new { ticket = "T-" + what };
        }, "render"), EffectClass.Irreversible))
        .Add(new FunctionTool(AIFunctionFactory.Create((string ticket) =>
        {
            lock (_looks)
            {
                _looks.Add((ticket, _clock.GetUtcNow()));
                return answers[Math.Min(_looks.Count, answers.Length) - 1]();
            }
        }, "status"), EffectClass.Pure));

    private static Func<object> Pending => () => new { ticket = "T-owl", state = "running" };
    private static Func<object> Ready => () => new { image = "owl.png" };
    private static ToolModels Model() => Turns([Call("render", ("what", "owl"))], Say("done"));

    private Engine EngineOf(ToolModels models, ToolRegistry tools, IRunStore store, string file, out WorkflowSpec workflow)
    {
        ToolRun.Engine(file, models, tools, store, out var spec);
        workflow = spec;
        return new Engine(new EngineOptions { Types = ToolRun.Types(models, tools), Store = store, Clock = _clock, ReadDefinition = (_, _, _) => spec });
    }

    private Task<RunReport> RunAsync(ToolModels models, ToolRegistry tools, IRunStore? store = null, string? file = null) =>
        EngineOf(models, tools, store ?? _store, file ?? ToolRun.File("tools: [render]", Declared), out var workflow).RunAsync(workflow, new RunRequest { Run = ToolRun.Run }, CancellationToken.None);

    private static string Told(ToolModels models) => models.Conversations[^1].SelectMany(message => message.Contents).OfType<FunctionResultContent>().Select(result => (string)result.Result!).Last();

    private IEnumerable<RunEvent> Events => _store.Read(ToolRun.Run).SelectMany(frame => frame.Events);

    [Fact]
    public async Task The_agent_waits_without_a_slot_and_each_look_is_a_step_until_the_result_is_there()
    {
        var models = Model();
        var report = await RunAsync(models, Tools(Pending, Pending, Ready));
        Assert.Equal(("done", 2, 1), (report.Outputs["a"].AsText, models.Asked, _rendered));
        Assert.Equal("""{"image":"owl.png"}""", Told(models));
        Assert.Equal(["T-owl", "T-owl", "T-owl"], _looks.Select(look => look.Ticket));
        Assert.Equal([7, 7], _looks.Zip(_looks.Skip(1), (one, next) => (next.At - one.At).TotalSeconds));
        Assert.Equal(["render", "status", "status", "status"], Events.OfType<RunEvent.StepIntended>().Where(step => step.Call.Kind == StepKind.Tool).Select(step => step.Call.Name));
        Assert.Equal(3, Events.OfType<RunEvent.Suspended>().Count());
        // The tool that redeems tickets is no tool of the agent's own.
        Assert.Equal(["render"], models.Options[0].Tools!.Select(tool => tool.Name));
    }

    [Fact]
    public async Task Killed_at_any_frame_it_keeps_the_ticket_and_orders_nothing_twice()
    {
        var unknown = 0;
        foreach (var dying in DyingStore.AtEveryCommit())
        {
            (_rendered, var models) = (0, Model());
            _looks.Clear();
            var tools = Tools(Pending, Ready);
            if (await dying.OutlivesAsync(() => RunAsync(models, tools, dying))) break;
            var isUnknown = ToolCrashTests.OpenSteps(dying.Kept).Any(step => step.Name == "render");   // died while it ordered: nobody knows whether it did
            var report = await EngineOf(models, tools, dying.Kept, ToolRun.File("tools: [render]", Declared), out _).ResumeAsync(ToolRun.Run, new RunRequest(), CancellationToken.None);
            Assert.InRange(_rendered, 0, 1);
            Assert.Equal(isUnknown ? RunStatus.Failed : RunStatus.Completed, report.Status);
            if (isUnknown) unknown++;
            else Assert.Equal("done", report.Outputs["a"].AsText);
        }
        Assert.NotEqual(0, unknown);
    }

    [Fact]
    public async Task A_look_that_fails_for_now_is_made_again_and_one_that_fails_for_good_is_told()
    {
        var models = Model();
        await RunAsync(models, Tools(() => throw new InvalidOperationException("busy"), Ready));
        Assert.Equal(("""{"image":"owl.png"}""", 2), (Told(models), _looks.Count));

        _looks.Clear();
        models = Model();
        await RunAsync(models, Tools(() => throw new CallFailedException(ErrorCode.BadRequest, "no such ticket")), new MemoryRunStore());
        Assert.Contains("no such ticket", Told(models), StringComparison.Ordinal);
        Assert.Single(_looks);
    }

    [Fact]
    public async Task A_result_that_does_not_come_in_time_is_a_failure_that_the_model_is_told()
    {
        var models = Model();
        await RunAsync(models, Tools(Pending), file: ToolRun.File("tools: [render]", Declared.Replace("every_seconds: 7", "every_seconds: 7, within_seconds: 20", StringComparison.Ordinal)));
        Assert.Contains("no result for it within 20 s", Told(models), StringComparison.Ordinal);
        Assert.Equal(2, _looks.Count);
    }

    [Fact]
    public async Task Expression_and_templates_fit_other_peoples_answers()
    {
        var file = ToolRun.File("tools: [render]", "tools: {render: {type: function, ticket: {poll: status, every_seconds: 7, pending: \"'image' not in result\", arguments: {ticket: \"{{ result.ticket }}-x\"}}}, status: {type: function}}");
        var models = Model();
        await RunAsync(models, Tools(() => new { state = "running" }, Ready), file: file);
        Assert.Equal("""{"image":"owl.png"}""", Told(models));
        Assert.Equal(["T-owl-x", "T-owl-x"], _looks.Select(look => look.Ticket));
    }

    [Fact]
    public async Task A_tool_node_waits_for_its_ticket_too()
    {
        var file = $"name: test\n{Declared}\nnodes:\n  - {{id: a, type: tool, tool: render, arguments: {{what: owl}}}}\n";
        var report = await RunAsync(Turns(), Tools(Pending, Ready), file: file);
        Assert.Equal("""{"image":"owl.png"}""", report.Outputs["a"].ToJson());
        Assert.Equal(1, _rendered);
    }

    [Theory]
    [InlineData("{poll: none}", "that 'none' is to redeem: the tool 'none' is not defined")]
    [InlineData("{poll: status, pending: 'result ='}", "the `ticket` of the tool 'render' cannot be read")]
    [InlineData("{poll: render}", "itself has a ticket")]
    public void A_ticket_that_cannot_be_redeemed_is_refused_before_anything_runs(string ticket, string why) =>
        Assert.Contains(ToolRun.Problems(ToolRun.File("tools: [render]", $"tools: {{render: {{type: function, ticket: {ticket}}}, status: {{type: function}}}}"), Tools(Ready)),
            problem => problem.StartsWith("HYD247", StringComparison.Ordinal) && problem.Contains(why, StringComparison.Ordinal));

    /// <summary>Time passes at once where a timer is set again for no longer than <paramref name="most"/>: the run's own, never a limit of an attempt.</summary>
    private sealed class JumpingClock(TimeSpan most) : TimeProvider
    {
        private readonly Lock _lock = new();
        private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow()
        {
            lock (_lock) return _now;
        }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
        public override long GetTimestamp() => GetUtcNow().UtcTicks;
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Jump(this, () => callback(state));

        private sealed class Jump(JumpingClock clock, Action callback) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                if (dueTime < TimeSpan.Zero || dueTime > clock.Most) return true;
                lock (clock._lock) clock._now += dueTime;
                ThreadPool.QueueUserWorkItem(_ => callback());
                return true;
            }

            public void Dispose()
            {
                // Nothing is held.
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }

        private TimeSpan Most => most;
    }
}
