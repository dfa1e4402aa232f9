using System.Diagnostics;
using System.Text;
using Hydra.Gateway.Config;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Hydra.Model;

namespace LedgerLoad;

/// <summary>
/// Callers of one process on a shared ledger, for tests that start several and kill some. Each line of standard output is a fact that
/// the test keeps: <c>billed OPERATION MICRODOLLARS</c> is the provider's word, <c>answered OPERATION MICRODOLLARS</c> the caller's.
/// </summary>
/// <remarks>
/// Arguments: the ledger's file or the connection string of its database, a name, the callers, the calls of each, the bound of a call in micro-dollars, and, where a call is to be
/// in flight when the process is killed, <c>open</c>: the first caller's call 20 is billed and never comes back, <c>open OPERATION</c>. Or, where the disk is to
/// become full, a file on it: then a caller stops at the first trouble, <c>refused OPERATION WHY</c> or <c>owed OPERATION WHY</c>; when
/// all have stopped, the input says <c>die</c>, or <c>go on</c>: the file is deleted and each caller makes some calls more.
/// </remarks>
public static class Program
{
    private static readonly Stream Out = Console.OpenStandardOutput();
    private static readonly Lock Writing = new();
    private const int CallsMore = 50, OpenCall = 20;
    private static string? _open;

    public static async Task<int> Main(string[] args)
    {
        var (name, callers, calls, bound) = (args[1], int.Parse(args[2]), int.Parse(args[3]), long.Parse(args[4]));
        var ballast = args.Length > 5 && args[5] != "open" ? args[5] : null;
        if (args.Length > 5 && ballast is null) _open = $"{name}-0-{OpenCall}";
        await using (var ledger = await PlaceOf(args[0]).OpenAsync(TimeProvider.System))
        {
            Say("ready");
            if (Console.In.ReadLine() is null) return 2;   // all processes begin together
            var reached = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => CallAsync(ledger, $"{name}-{caller}", 0, calls, bound))));
            if (ballast is not null)
            {
                Say("stopped");
                if (Console.In.ReadLine() != "go on") Process.GetCurrentProcess().Kill();
                File.Delete(ballast);
                await Task.WhenAll(reached.Select((from, caller) => Task.Run(() => CallAsync(ledger, $"{name}-{caller}", from, from + CallsMore, bound))));
            }
        }
        Say("done");
        return 0;
    }

    /// <returns>The number of the next call; less than the last: there was trouble.</returns>
    private static async Task<int> CallAsync(ILedger ledger, string name, int call, int end, long bound)
    {
        var random = new Random(StringComparer.Ordinal.GetHashCode(name));
        while (call < end)
        {
            var operation = $"{name}-{call}";
            try
            {
                var asked = await ledger.ReserveAsync(new ReserveRequest
                {
                    OperationId = operation, Attempt = 1, Caller = new Caller(null, "load", null, []), Model = "smart", Deployment = "smart/fake/fake-model",
                    BoundUsd = bound / 1_000_000m, BoundTokens = 100,
                }, CancellationToken.None);
                if (asked is ReserveResult.Refused refused)
                {
                    if (!refused.Refusal.IsOutstanding) return call;
                    await Task.Yield();
                    continue;
                }
                call++;
                await MakeAsync(ledger, operation, ((ReserveResult.Granted)asked).Reservation, random, bound);
            }
            catch (StoreException trouble)
            {
                Say($"{(operation == $"{name}-{call}" ? "refused" : "owed")} {operation} {trouble.Message}");
                return call + 1;
            }
            catch (Exception broken)
            {
                Say($"broken {operation} {broken.Message}");   // no caller may be told this
                Environment.Exit(1);
            }
        }
        return call;
    }

    private static async Task MakeAsync(ILedger ledger, string operation, Reservation reservation, Random random, long bound)
    {
        await Task.Yield();
        if (operation != _open && random.Next(10) == 0)
        {
            ledger.Release(reservation);
            return;
        }
        var cost = random.NextInt64(bound / 2, bound + 1);
        Say($"billed {operation} {cost}");
        if (operation == _open)
        {
            Say($"open {operation}");
            await Task.Delay(Timeout.Infinite);
        }
        await Task.Yield();
        await ledger.SettleAsync(reservation, new Settlement { Usage = new TokenUsage(10, 20), CostUsd = cost / 1_000_000m, PriceSource = "test", Outcome = "answered", UpstreamStatus = 200 });
        Say($"answered {operation} {cost}");
    }

    private static LedgerPlace PlaceOf(string store) => store.StartsWith("Host=", StringComparison.Ordinal)
        ? LedgerPlace.Of(new StoreConfig(null, "env:STORE"), new GatewayServiceOptions { Environment = _ => store, Folder = "." }) : LedgerPlace.OfFile(store);

    /// <summary>In one write of its own, so that a killed process has said all of it or nothing.</summary>
    private static void Say(string line)
    {
        lock (Writing) Out.Write(Encoding.UTF8.GetBytes(line + "\n"));
    }
}
