using Hydra.Gateway.Caching;
using Hydra.Gateway.Pipeline;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra cache</c>: what the gateway's shared caches hold, and how they forget.</summary>
internal static class CacheVerb
{
    private static readonly string[] Acts = ["stats", "clear"];
    private static readonly Option Tag = new("--tag", "NAME=VALUE", "clear: answers to callers with this tag");
    private static readonly Option Model = new("--model", "MODEL", "clear: answers of this model group");
    private static readonly Option OlderThan = new("--older-than", "AGE", "clear: answers made longer ago: 1h, 30d");
    private static readonly Option All = Option.Switch("--all", "clear: every answer");
    private static readonly Option Redis = new("--redis", "URL", "the cache at a Redis server: redis://HOST:PORT, or env:NAME where it holds a password");

    public static readonly Verb Verb = new("cache", "DO", "the answers that a gateway has kept")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Tag, Model, OlderThan, All, Redis, GatewayStore.Store, CommonOptions.Json, CommonOptions.Help],
        Notes = "DO is stats or clear. What is given together must all hold. Without --redis it is the SQLite cache beside --store; a cache in memory ends with its gateway.\nExample: hydra cache clear --model smart --older-than 1h",
        Run = RunAsync,
    };

    private static async Task<int> RunAsync(ParsedArguments arguments, CliIo io)
    {
        var act = arguments.Positionals[0];
        if (!Acts.Contains(act)) throw new UsageException($"there is no `hydra cache {act}`.{DidYouMean.Hint(act, Acts)} Write stats or clear.");
        var selection = SelectionOf(arguments, io);
        var isEverything = selection == new CacheSelection();
        if (act == "stats" && (!isEverything || arguments.Has(All))) throw new UsageException("`hydra cache stats` counts everything: leave --tag, --model, --older-than and --all out.");
        if (act == "clear" && isEverything != arguments.Has(All)) throw new UsageException(isEverything ? "say what to forget: --tag, --model, --older-than, or --all." : "--all goes with no other choice: leave it out, or the others.");
        await using var store = Open(arguments, io);
        if (act == "clear") return Show(await store.ClearAsync(selection, CancellationToken.None), arguments, io);
        var stats = await store.StatsAsync(CancellationToken.None);
        io.Out.WriteLine(arguments.Has(CommonOptions.Json)
            ? ValueJson.ToText(ValueMap.Of(("answers", stats.Entries), ("bytes", stats.Bytes), ("saves_usd", GatewayStore.Amount(stats.SavesUsd))), indented: true)
            : $"{Amounts.Count((int)Math.Min(int.MaxValue, stats.Entries), "answer", "answers")}, {stats.Bytes:#,0} bytes; a hit of each would save {GatewayStore.Money(stats.SavesUsd)}");
        return ExitCode.Done;
    }

    private static int Show(long gone, ParsedArguments arguments, CliIo io)
    {
        io.Out.WriteLine(arguments.Has(CommonOptions.Json) ? ValueJson.ToText(ValueMap.Of(("cleared", gone)), indented: true) : $"forgot {Amounts.Count((int)Math.Min(int.MaxValue, gone), "answer", "answers")}");
        return ExitCode.Done;
    }

    private static CacheSelection SelectionOf(ParsedArguments arguments, CliIo io)
    {
        var tag = arguments.Get(Tag);
        if (tag is not null && tag.IndexOf('=', StringComparison.Ordinal) <= 0) throw new UsageException($"--tag is '{tag}'. Write it NAME=VALUE.");
        var before = arguments.Get(OlderThan) is { } age ? io.Clock.GetUtcNow() - Age.Parse(age, OlderThan.Name, "an age: 1h, 30d") : (DateTimeOffset?)null;
        return new CacheSelection(tag, arguments.Get(Model), before);
    }

    private static CacheStore Open(ParsedArguments arguments, CliIo io)
    {
        if (arguments.Get(Redis) is { } url)
        {
            if (url.StartsWith("env:", StringComparison.Ordinal)) url = io.Environment(url[4..]) ?? throw new UsageException($"--redis names the environment variable {url[4..]}, which is not set.");
            try
            {
                return CacheStore.OpenRedis(url, io.Clock);
            }
            catch (GatewayConfigException wrong)
            {
                throw new UsageException(wrong.Message);
            }
        }
        var file = CacheStore.FileBeside(GatewayStore.FileOf(arguments, io));
        if (!File.Exists(file)) throw new UsageException($"there is no cache '{file}'. A gateway with `cache: {{exact: {{enabled: true, store: sqlite}}}}` makes one; name its store with --store, or a Redis server with --redis.");
        return CacheStore.OpenSqlite(file, io.Clock);
    }
}
