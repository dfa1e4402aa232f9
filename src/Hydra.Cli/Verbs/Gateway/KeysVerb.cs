using Hydra.Gateway.Ledger;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra gateway keys</c>: virtual keys from their creation to their end.</summary>
internal static class KeysVerb
{
    private static readonly string[] Acts = ["create", "list", "show", "rotate", "block", "unblock", "delete"];
    private static readonly Option Name = new("--name", "NAME", "create: what people call the key");
    private static readonly Option Team = new("--team", "TEAM", "create: the team that its calls count for");
    private static readonly Option User = new("--user", "USER", "create: the user that its calls count for, whatever a request says");
    private static readonly Option Tag = new("--tag", "NAME=VALUE", "create: a label on its calls") { IsMany = true };
    private static readonly Option Models = new("--models", "A,B", "create: model groups that it may name; default all");
    private static readonly Option BudgetUsd = new("--budget-usd", "USD", "create: what it may spend in a window");
    private static readonly Option BudgetTokens = new("--budget-tokens", "N", "create: how many tokens it may use in a window");
    private static readonly Option Window = new("--window", "WINDOW", "create: minute, hour, day, week, month (UTC calendar) or total; default total");
    private static readonly Option MaxParallel = new("--max-parallel", "N", "create: calls at once");
    private static readonly Option Expires = new("--expires", "AGE", "create: good for so long: 12h, 30d; default for ever");
    private static readonly Option Grace = new("--grace", "AGE", "rotate: the old secret is good for so long; default 0s");

    public static readonly Verb Verb = new("gateway keys", "DO [KEY]", "virtual keys of the gateway")
    {
        PositionalsMin = 1,
        PositionalsMax = 2,
        Options = [Name, Team, User, Tag, Models, BudgetUsd, BudgetTokens, Window, CommonOptions.Rpm, CommonOptions.Tpm, MaxParallel, Expires, Grace, GatewayStore.Store, GatewayFile.Config, CommonOptions.Json, CommonOptions.Help],
        Notes = $"DO is {string.Join(", ", Acts[..^1])} or {Acts[^1]}. A key is printed once, when it is created or rotated: only its keyed hash is stored. Running gateways see a change within a second.\nExample: hydra gateway keys create --name ci --team research --budget-usd 5 --window day --models smart,cheap",
        Run = RunAsync,
    };

    private static async Task<int> RunAsync(ParsedArguments arguments, CliIo io)
    {
        var act = arguments.Positionals[0];
        if (!Acts.Contains(act)) throw new UsageException($"there is no `hydra gateway keys {act}`.{DidYouMean.Hint(act, Acts)} Write one of {string.Join(", ", Acts)}.");
        var takesKey = act is not ("create" or "list");
        if (takesKey != (arguments.Positionals.Count == 2)) throw new UsageException(takesKey ? $"say which key: hydra gateway keys {act} NAME." : $"'{arguments.Positionals[1]}' is one word too many.{(act == "create" ? " A new key is named with --name." : "")}");
        await using var ledger = await GatewayStore.PlaceOf(arguments, io, mayMake: act == "create").OpenAsync(io.Clock);
        using var keys = new KeyRing(ledger, io.Clock);
        try
        {
            return await DoAsync(act, takesKey ? arguments.Positionals[1] : "", keys, arguments, io);
        }
        catch (KeyRefusedException refused)
        {
            throw new UsageException(refused.Message);
        }
    }

    private static async Task<int> DoAsync(string act, string key, KeyRing keys, ParsedArguments arguments, CliIo io) => act switch
    {
        "create" => Issued(await keys.CreateAsync(WishOf(arguments, io)), arguments, io),
        "rotate" => Issued(await keys.RotateAsync(key, Age.Parse(arguments.Get(Grace) ?? "0s", Grace.Name, "an age: 12h, 7d")), arguments, io),
        "list" => List(keys.List(), arguments, io),
        "show" => Show(keys.Named(key), arguments, io),
        "delete" => Changed(await keys.DeleteAsync(key), "deleted", arguments, io),
        _ => Changed(await keys.SetBlockedAsync(key, act == "block"), act == "block" ? "blocked" : "unblocked", arguments, io),
    };

    private static NewKey WishOf(ParsedArguments arguments, CliIo io)
    {
        var window = arguments.Get(Window) ?? "total";
        return new NewKey
        {
            Name = arguments.Get(Name) ?? throw new UsageException("--name is missing: hydra gateway keys create --name NAME."),
            Team = arguments.Get(Team), User = arguments.Get(User), Tags = [.. arguments.Pairs(Tag).Select(pair => $"{pair.Key}={pair.Value}")],
            Models = [.. (arguments.Get(Models) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)],
            RequestsPerMinute = (int?)arguments.Integer(CommonOptions.Rpm, 1, int.MaxValue), TokensPerMinute = arguments.Integer(CommonOptions.Tpm, 1, long.MaxValue), ParallelMax = (int?)arguments.Integer(MaxParallel, 1, int.MaxValue),
            UsdMax = arguments.Usd(BudgetUsd)?.Usd, TokensMax = arguments.Integer(BudgetTokens, 0, long.MaxValue),
            Window = BudgetWindows.TryParse(window) ?? throw new UsageException($"--window is '{window}'. Write one of minute, hour, day, week, month, total."),
            ExpiresAt = arguments.Get(Expires) is { } age ? io.Clock.GetUtcNow() + Age.Parse(age, Expires.Name, "an age: 12h, 30d") : null,
        };
    }

    private static int Issued(IssuedKey issued, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("id", issued.Key.Id), ("key", issued.Secret)), indented: true));
        else
        {
            io.Out.WriteLine(issued.Secret);
            io.Error.WriteLine($"key '{issued.Key.Name}' ({issued.Key.Id}): keep it now, it is not shown again");
        }
        return ExitCode.Done;
    }

    private static int Changed(VirtualKey key, string what, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("id", key.Id), ("name", key.Name), ("state", what)), indented: true));
        else io.Out.WriteLine($"key '{key.Name}' is {what}");
        return ExitCode.Done;
    }

    private static int List(IReadOnlyList<VirtualKey> keys, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(Value.Of(keys.Select(key => Value.Of(ToJson(key)))), indented: true));
            return ExitCode.Done;
        }
        if (keys.Count == 0)
        {
            io.Out.WriteLine("no keys");
            return ExitCode.Done;
        }
        var table = new TextTable("name", "key", "team", "user", "budget", "models", "state", "last used (UTC)");
        foreach (var key in keys)
            table.Add(key.Name, key.Prefix + "…", key.Team ?? "", key.User ?? "", BudgetText(key.Budget), key.Models.Count == 0 ? "all" : TerminalText.Clip(string.Join(",", key.Models), 40), StateOf(key, io), key.LastUsedAt is { } used ? GatewayStore.Time(used) : "never");
        io.Out.WriteLine(table.ToString());
        return ExitCode.Done;
    }

    private static int Show(VirtualKey key, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(ToJson(key), indented: true));
            return ExitCode.Done;
        }
        var table = new TextTable("key", key.Name);
        table.Add("id", key.Id);
        table.Add("begins with", key.Prefix);
        table.Add("state", StateOf(key, io));
        table.Add("team", key.Team ?? "");
        table.Add("user", key.User ?? "");
        table.Add("tags", string.Join(" ", key.Tags));
        table.Add("models", key.Models.Count == 0 ? "all" : string.Join(" ", key.Models));
        table.Add("budget", BudgetText(key.Budget));
        table.Add("limits", $"{key.RequestsPerMinute?.ToString() ?? "any"} requests and {key.TokensPerMinute?.ToString() ?? "any"} tokens a minute, {key.ParallelMax?.ToString() ?? "any"} at once");
        table.Add("created", GatewayStore.Time(key.CreatedAt));
        table.Add("expires", key.ExpiresAt is { } expires ? GatewayStore.Time(expires) : "never");
        table.Add("last used", key.LastUsedAt is { } used ? GatewayStore.Time(used) : "never");
        io.Out.WriteLine(TerminalText.Block(table.ToString()));
        return ExitCode.Done;
    }

    private static string StateOf(VirtualKey key, CliIo io) => key.IsBlocked ? "blocked" : key.ExpiresAt <= io.Clock.GetUtcNow() ? "expired" : "good";

    private static string BudgetText(Budget? budget)
    {
        if (budget is null) return "none";
        var parts = new List<string>();
        if (budget.UsdMax is { } usd) parts.Add(GatewayStore.Money(usd));
        if (budget.TokensMax is { } tokens) parts.Add(Amounts.Tokens(tokens));
        return $"{string.Join(", ", parts)} {(budget.Window == BudgetWindow.Total ? "in all" : $"a {BudgetWindows.NameOf(budget.Window)}")}";
    }

    private static ValueMap ToJson(VirtualKey key) => ValueMap.Of(
        ("id", key.Id), ("name", key.Name), ("prefix", key.Prefix), ("team", GatewayStore.TextOrNull(key.Team)), ("user", GatewayStore.TextOrNull(key.User)),
        ("tags", Value.OfTexts(key.Tags)), ("models", Value.OfTexts(key.Models)), ("blocked", key.IsBlocked),
        ("budget_usd", key.Budget?.UsdMax is { } usd ? GatewayStore.Amount(usd) : Value.Null), ("budget_tokens", key.Budget?.TokensMax is { } tokens ? Value.Of(tokens) : Value.Null),
        ("window", GatewayStore.TextOrNull(key.Budget is { } budget ? BudgetWindows.NameOf(budget.Window) : null)),
        ("rpm", key.RequestsPerMinute is { } rpm ? Value.Of(rpm) : Value.Null), ("tpm", key.TokensPerMinute is { } tpm ? Value.Of(tpm) : Value.Null), ("max_parallel", key.ParallelMax is { } parallel ? Value.Of(parallel) : Value.Null),
        ("created", key.CreatedAt.ToString("o")), ("expires", GatewayStore.TextOrNull(key.ExpiresAt?.ToString("o"))), ("last_used", GatewayStore.TextOrNull(key.LastUsedAt?.ToString("o"))));
}
