using System.Xml.Linq;
using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Parsing.Genesis;
using Hydra.Tests.Parsing;
using Hydra.Tests.Parsing.Genesis;

namespace Hydra.Tests.Execution;

/// <summary>The file a person opens while a run goes on.</summary>
public sealed class GenesisObserverTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-genesis-").FullName;
    private string File => Path.Combine(_folder, "genesis.xml");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task After_a_run_the_file_shows_it_is_valid_and_the_same_definition()
    {
        var before = Write();
        await RunAsync(new CallingNode());
        var text = System.IO.File.ReadAllText(File);
        Assert.Empty(GenesisFiles.Invalid(text));
        Assert.Equal(before, GenesisFiles.Valid(text).Hash);
        var root = XDocument.Parse(text).Root!;
        Assert.Equal(["a", "b"], root.Element("executionPlan")!.Element("statusTracker")!.Element("completed")!.Elements().Select(task => task.Attribute("id")!.Value));
        Assert.Equal(["pending", "in-progress", "completed"], root.Descendants("task").First().Element("statusHistory")!.Elements("event").Select(happened => happened.Element("status")!.Value));
        Assert.Equal("completed", root.Element("metadata")!.Element("status")!.Value);
        Assert.Equal("100", root.Element("metrics")!.Element("progress")!.Element("percentageComplete")!.Value);
        Assert.Contains("run-completed", text);
    }

    [Fact]
    public async Task A_failure_stands_in_the_file_with_its_code()
    {
        Write();
        await RunAsync(new CallingNode { Answer = (_, _) => throw new InvalidOperationException("no <ink>") });
        var text = System.IO.File.ReadAllText(File);
        Assert.Empty(GenesisFiles.Invalid(text));
        var plan = XDocument.Parse(text).Root!.Element("executionPlan")!;
        Assert.Equal("a", plan.Element("statusTracker")!.Element("failed")!.Elements().First().Attribute("id")!.Value);
        Assert.Equal("blocked", plan.Descendants("task").Last().Element("statusHistory")!.Elements("event").Last().Element("status")!.Value);
    }

    [Fact]
    public async Task An_edit_during_the_run_is_kept()
    {
        Write();
        await RunAsync(new CallingNode
        {
            Answer = (attempt, _) =>
            {
                if (attempt.Path == "a") System.IO.File.WriteAllText(File, System.IO.File.ReadAllText(File).Replace("<owner>me</owner>", "<owner>somebody else entirely</owner>", StringComparison.Ordinal));
                return new(Value.Of("x"));
            },
        });
        var text = System.IO.File.ReadAllText(File);
        Assert.Contains("somebody else entirely", text);
        Assert.Contains("<percentageComplete>100", text);
    }

    [Fact]
    public async Task Of_many_edits_beside_many_writes_none_is_lost()
    {
        Write();
        var clock = new HeldClock();
        using var observer = GenesisObserver.Open(File, _ => [], clock)!;
        var state = new RunState(PlanOfTwo());
        observer.OnFrame(Begin(), state);
        var editing = Task.Run(() =>
        {
            var owner = "me";
            for (var edit = 0; edit < 200; edit++)
            {
                var text = TextWith($"<owner>{owner}</owner>", observer);
                System.IO.File.WriteAllText(File + ".edit", text.Replace($"<owner>{owner}</owner>", $"<owner>{owner += "e"}</owner>", StringComparison.Ordinal));
                System.IO.File.Move(File + ".edit", File, overwrite: true);
            }
        }, CancellationToken.None);
        while (!editing.IsCompleted)
        {
            observer.OnFrame(new Frame(1, 2, [new RunEvent.Started(0, 1, 0, 0)]), state);
            clock.Fire();
        }
        await editing;
    }

    [Fact]
    public void A_file_that_is_broken_when_its_turn_comes_is_left_as_it_is()
    {
        Write();
        using (var observer = GenesisObserver.Open(File, _ => [], TimeProvider.System)!)
        {
            System.IO.File.WriteAllText(File, "<projectGenesis><half");
            observer.OnFrame(Begin(), new RunState(PlanOfTwo()));
        }
        Assert.Equal("<projectGenesis><half", System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void A_second_run_of_the_file_is_refused_while_the_first_goes_on()
    {
        Write();
        using (var first = GenesisObserver.Open(File, _ => [], TimeProvider.System))
        {
            Assert.NotNull(first);
            Assert.Null(GenesisObserver.Open(File, _ => [], TimeProvider.System));
        }
        using var second = GenesisObserver.Open(File, _ => [], TimeProvider.System);
        Assert.NotNull(second);
    }

    [Fact]
    public void It_is_written_at_most_once_a_second()
    {
        Write();
        var clock = new HeldClock();
        using var observer = GenesisObserver.Open(File, _ => [], clock)!;
        var state = new RunState(PlanOfTwo());
        observer.OnFrame(Begin(), state);
        Assert.Equal(TimeSpan.Zero, clock.Due);
        clock.Fire();
        for (var i = 0; i < 100; i++) observer.OnFrame(new Frame(1, 2, [new RunEvent.Started(0, 1, 0, 0)]), state);
        Assert.Equal(GenesisObserver.Interval, clock.Due);
        Assert.Equal(1, observer.Writes);
        clock.Fire();
        Assert.Equal(2, observer.Writes);
    }

    /// <summary>What the file has once it has a text that was put there. For a moment it may have what stood there before; when it was written twice more without, the text is lost.</summary>
    private string TextWith(string part, GenesisObserver observer)
    {
        var writes = observer.Writes;
        while (true)
        {
            var isLast = observer.Writes > writes + 1;
            var text = System.IO.File.ReadAllText(File);
            if (text.Contains(part, StringComparison.Ordinal)) return text;
            Assert.False(isLast, $"{part} is lost");
        }
    }

    private static Frame Begin() => new(0, 1, [new RunEvent.RunStarted("r", "w", "", ValueRef.EmptyText, new RunLimits(10, null, null, null))]);

    private static Plan PlanOfTwo() => Hydra.Planning.Planner.Plan(TwoNodes(), TestTypes.All);

    private static WorkflowSpec TwoNodes() => TestTypes.Parse("name: two\nnodes:\n  - {id: a, type: set, value: 1}\n  - {id: b, type: set, value: 2, depends_on: [a]}\n");

    /// <returns>The hash of the definition.</returns>
    private string Write()
    {
        var spec = TwoNodes();
        System.IO.File.WriteAllText(File, GenesisWriter.Write(spec, DateTimeOffset.UnixEpoch).Replace("<version>1.0</version>", "<version>1.0</version><owner>me</owner>", StringComparison.Ordinal));
        return spec.Hash;
    }

    private async Task RunAsync(CallingNode node)
    {
        using var store = new MemoryRunStore();
        var workflow = EngineHarness.Graph("a\nb <- a");
        using var observer = GenesisObserver.Open(File, name => store.Read(new RunId(name)), TimeProvider.System)!;
        await EngineHarness.EngineOf(store, workflow, node).RunAsync(workflow, new RunRequest { Run = new RunId("r"), Observer = observer }, CancellationToken.None);
    }

    /// <summary>Time stands still; the one timer fires when told to.</summary>
    private sealed class HeldClock : TimeProvider
    {
        private Action _fire = () => { };
        public TimeSpan Due { get; private set; }
        public override long GetTimestamp() => 0;
        public void Fire() => _fire();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _fire = () => callback(state);
            return new Held(this);
        }

        private sealed class Held(HeldClock clock) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                clock.Due = dueTime;
                return true;
            }

            public void Dispose() { }
            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
