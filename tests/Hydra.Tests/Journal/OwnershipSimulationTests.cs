using System.Globalization;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Tests.Journal;

/// <summary>
/// Several owners of one run on a real store: locks get lost, owners stall and come back, die after they have read a
/// command and before they wrote it. Whatever the order, the journal is one unbroken chain by one owner after another, and
/// every command becomes one event.
/// </summary>
public sealed class OwnershipSimulationTests : IDisposable
{
    private const int MovesMax = 40;
    private static readonly int SeedCount = int.TryParse(Environment.GetEnvironmentVariable("HYDRA_SIM_SEEDS"), CultureInfo.InvariantCulture, out var count) ? count / 5 : 200;
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-owners-").FullName;

    [Fact]
    public void Owners_that_lost_their_locks_never_write_between_the_frames_of_another()
    {
        using var store = SqliteRunStore.Open(_folder, Durability.Normal);
        var (stale, written, heard) = (0, 0, 0);
        for (var seed = 1; seed <= SeedCount; seed++)
        {
            var figures = Play(store, seed);
            (stale, written, heard) = (stale + figures.Stale, written + figures.Written, heard + figures.Heard);
        }
        Assert.True(stale > SeedCount && heard > SeedCount, $"{stale} refusals and {heard} commands in {SeedCount} seeds: the rare states were not reached");
        TestContext.Current.TestOutputHelper?.WriteLine($"{SeedCount} seeds, {written} frames written, {stale} frames of stale owners refused, {heard} commands heard once");
    }

    [Theory]
    [InlineData(nameof(StoreFlaw.SkipsEpochCheck))]
    [InlineData(nameof(StoreFlaw.ForgetsInboxEarly))]
    public void A_planted_flaw_is_found_within_a_hundred_seeds(string flaw)
    {
        using var store = SqliteRunStore.Open(_folder, Durability.Normal, Enum.Parse<StoreFlaw>(flaw));
        for (var seed = 1; seed <= 100; seed++)
        {
            try
            {
                Play(store, seed);
            }
            catch (BrokenPromiseException found)
            {
                TestContext.Current.TestOutputHelper?.WriteLine(found.Message);
                return;
            }
        }
        Assert.Fail($"nobody noticed {flaw} in 100 seeds");
    }

    private (int Stale, int Written, int Heard) Play(SqliteRunStore store, int seed)
    {
        var random = new Random(seed);
        var run = new RunId($"run-{seed}");
        var owners = new List<Owner>();
        var (stale, written, posted, latest) = (0, 0, 0, -1);
        for (var move = 0; move < MovesMax; move++)
        {
            switch (random.Next(8))
            {
                case 0 or 1 when owners.Count < 8:
                    if (owners.Count > 0) File.Delete(Path.Combine(_folder, "locks", run.Text + ".lock"));
                    owners.Add(new Owner(store.Own(run), owners.Count));
                    break;
                case 2 when written > 0:
                    store.Post(run, new InboxCommand("cancel", Value.Of(++posted)));
                    break;
                case 3 when owners.Count > 0: owners[random.Next(owners.Count)].Read(store, run); break;
                case 4 when owners.Count > 0: owners[random.Next(owners.Count)].Take(); break;
                default:
                    if (owners.Count == 0 || owners[random.Next(owners.Count)] is not { HasRead: true } owner) break;
                    if (Commit(owner, run))
                    {
                        if (owner.Number < latest) throw new BrokenPromiseException($"seed {seed}: owner {owner.Number} wrote after owner {latest} had");
                        (latest, written) = (owner.Number, written + 1);
                        CheckChain(store, run, written, seed);
                    }
                    else stale++;
                    break;
            }
        }
        // The last owner comes when all others have gone, and hears what is left.
        foreach (var owner in owners) owner.Journal.Dispose();
        using (var journal = store.Own(run))
        {
            var last = new Owner(journal, owners.Count);
            last.Read(store, run);
            last.Take();
            if (!Commit(last, run)) throw new BrokenPromiseException($"seed {seed}: the only owner was refused");
        }
        CheckChain(store, run, written + 1, seed);
        var heard = store.Read(run).SelectMany(frame => frame.Events).OfType<RunEvent.Decided>().Select(happened => happened.Node).Where(number => number > 0).ToList();
        if (!heard.Order().SequenceEqual(Enumerable.Range(1, posted))) throw new BrokenPromiseException($"seed {seed}: {posted} commands were posted, and the journal has {string.Join(' ', heard)}");
        return (stale, written, posted);
    }

    private static bool Commit(Owner owner, RunId run)
    {
        try
        {
            owner.Commit(run);
            return true;
        }
        catch (StoreException)   // with a planted flaw also one that the table's key refuses
        {
            return false;
        }
    }

    private static void CheckChain(SqliteRunStore store, RunId run, int written, int seed)
    {
        try
        {
            var count = store.Read(run).Count();
            if (count != written) throw new BrokenPromiseException($"seed {seed}: {written} frames were acknowledged and {count} are there");
        }
        catch (StoreException broken)
        {
            throw new BrokenPromiseException($"seed {seed}: {broken.Message}");
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private sealed class BrokenPromiseException(string message) : Exception(message);

    /// <summary>What a process does with a run: takes it, reads it, hears commands, writes. Any of it may come late.</summary>
    private sealed class Owner(IRunJournal journal, int number)
    {
        private readonly List<InboxCommand> _taken = [];
        private long _next = -1;

        public IRunJournal Journal => journal;
        public int Number => number;
        public bool HasRead => _next >= 0;

        public void Read(SqliteRunStore store, RunId run)
        {
            if (!HasRead) _next = store.Read(run).Count();   // once: from then on it goes by what it knows
        }

        public void Take() => _taken.AddRange(journal.TakeCommands());

        public void Commit(RunId run)
        {
            RunEvent[] events = _taken.Count == 0 ? [new RunEvent.Decided(0)] : [.. _taken.Select(command => new RunEvent.Decided((int)command.Body.AsInteger))];
            if (_taken.Count > 0) journal.Heard([.. _taken.Select(command => command.Id)]);
            journal.Commit(new Frame(_next, 1000 + _next, events), _next == 0 ? new RunInfo { Run = run, Workflow = "w" } : null);
            _next++;
            _taken.Clear();
        }
    }
}
