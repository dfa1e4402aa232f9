using Hydra.Gateway.Ledger;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra gateway why</c>: the rows and the arithmetic behind any number of the ledger.</summary>
internal static class WhyVerb
{
    private static readonly Option Window = new("--window", "WINDOW", "of a scope: minute, hour, day, week, month or total; default those of its budgets, or total");

    public static readonly Verb Verb = new("gateway why", "ID", "explains what was spent")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Window, GatewayStore.Store, GatewayFile.Config, CommonOptions.Json, CommonOptions.Help],
        Notes = "ID is the x-hydra-call-id of an answer, a key's id, or a scope as in a budget: all, key:NAME, team:T, user:U, tag:K=V, model:M.",
        Run = static (arguments, io) => Task.FromResult(Explain(arguments, io)),
    };

    private static int Explain(ParsedArguments arguments, CliIo io)
    {
        var id = arguments.Positionals[0];
        using var report = GatewayStore.OpenReport(arguments, io);
        var rows = report.Operation(id);
        if (rows.Count > 0) return Operation(id, rows, arguments, io);
        var scope = BudgetScope.TryParse(id) ?? (id.StartsWith("key", StringComparison.Ordinal) ? new BudgetScope(BudgetScopeKind.Key, id) : null as BudgetScope?)
            ?? throw new UsageException($"the ledger has no operation '{id}', and it is no scope such as team:research.");
        IReadOnlyList<BudgetWindow> windows = arguments.Get(Window) is { } text
            ? [BudgetWindows.TryParse(text) ?? throw new UsageException($"--window is '{text}'. Write one of minute, hour, day, week, month, total.")]
            : report.WindowsOf(scope);
        if (windows.Count == 0) windows = [BudgetWindow.Total];
        var facts = windows.Select(window => report.Scope(scope, window, io.Clock.GetUtcNow())).ToList();
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(Value.Of(facts.Select(fact => Value.Of(ToJson(fact)))), indented: true));
        else io.Out.WriteLine(TerminalText.Block(string.Join("\n\n", facts.Select(TextOf))));
        return ExitCode.Done;
    }

    private static int Operation(string id, IReadOnlyList<ChargeFact> rows, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("operation", id), ("cost_usd", GatewayStore.Amount(rows.Sum(row => row.CostUsd ?? 0))), ("rows", Value.Of(rows.Select(row => Value.Of(ToJson(row)))))), indented: true));
            return ExitCode.Done;
        }
        io.Out.WriteLine($"{id}: {GatewayStore.Money(rows.Sum(row => row.CostUsd ?? 0))} in {Amounts.Count(rows.Select(row => row.Attempt).Distinct().Count(), "attempt", "attempts")}");
        foreach (var row in rows) io.Out.WriteLine(TerminalText.Block(TextOf(row)));
        return ExitCode.Done;
    }

    private static string TextOf(ChargeFact row)
    {
        var status = row.UpstreamStatus == 0 ? "" : $" ({row.UpstreamStatus})";
        var lines = new List<string> { $"\nattempt {row.Attempt} at {row.Deployment}, {GatewayStore.Time(row.At)} UTC: {row.Outcome}{status}" };
        var who = new List<string>();
        if (row.Caller.KeyId is { } key) who.Add($"key:{key}");
        if (row.Caller.Team is { } team) who.Add($"team:{team}");
        if (row.Caller.User is { } user) who.Add($"user:{user}");
        who.AddRange(row.Caller.Tags.Select(tag => $"tag:{tag}"));
        lines.Add($"  counts for all, model:{row.Model}{string.Concat(who.Select(scope => ", " + scope))}");
        foreach (var line in row.Lines) lines.Add($"  {line.Class,-18} {line.Count,12:#,0} × {GatewayStore.Money(line.UsdPerMillion)}/M = {GatewayStore.Money(line.Usd)}");
        if (row.CostUsd is not { } cost)
        {
            lines.Add($"  under way: up to {GatewayStore.Money(row.BoundUsd)} is held for it");
            return string.Join('\n', lines);
        }
        if (row.Outcome == "repriced")
        {
            lines.Add($"  {GatewayStore.Money(cost)} makes the charge {row.Corrects} that; price: {row.PriceSource}");
            return string.Join('\n', lines);
        }
        var confidence = row.PriceConfidence.Length > 0 ? $" ({row.PriceConfidence})" : "";
        lines.Add($"  cost {GatewayStore.Money(cost)} of {GatewayStore.Money(row.BoundUsd)} held; price: {row.PriceSource}{confidence}{(row.IsEstimate ? "; an estimate, not the provider's word" : "")}");
        var sum = row.Lines.Sum(line => line.Usd);
        if (row.Lines.Count > 0 && sum != cost) lines.Add($"  the lines above come to {GatewayStore.Money(sum)}; the rest is what the provider bills beside tokens, or rounding");
        return string.Join('\n', lines);
    }

    private static string TextOf(ScopeFact fact)
    {
        var during = fact.Window == BudgetWindow.Total ? "in all" : $"{BudgetWindows.NameOf(fact.Window)} from {GatewayStore.Time(fact.From!.Value)} to {GatewayStore.Time(fact.To!.Value)} UTC";
        var text = new List<string> { $"{fact.Scope}, {during}" };
        text.Add($"  spent  {GatewayStore.Money(fact.SpentUsd)}, {Amounts.Tokens(fact.SpentTokens)}: the sum of {Amounts.Count(fact.Charges, "charge", "charges")}{(fact.Window == BudgetWindow.Total ? " and of the months folded up" : "")}");
        text.Add($"  held   {GatewayStore.Money(fact.ReservedUsd)}: {Amounts.Count(fact.Held, "call", "calls")} under way, each at its bound");
        if (fact.Limit?.UsdMax is { } usd) text.Add($"  limit  {GatewayStore.Money(usd)}; left: {GatewayStore.Money(usd - fact.SpentUsd - fact.ReservedUsd)}");
        if (fact.Limit?.TokensMax is { } tokens) text.Add($"  limit  {Amounts.Tokens(tokens)}; left: {tokens - fact.SpentTokens - fact.ReservedTokens:#,0}");
        if (fact.Newest.Count == 0) return string.Join('\n', text);
        var table = new TextTable("when (UTC)", "operation", "deployment", "outcome", "cost") { Right = [4], Indent = "  " };
        foreach (var row in fact.Newest) table.Add(GatewayStore.Time(row.At), row.OperationId, row.Deployment, row.Outcome, GatewayStore.Money(row.CostUsd ?? row.BoundUsd));
        text.Add(table.ToString());
        return string.Join('\n', text);
    }

    private static ValueMap ToJson(ScopeFact fact) => ValueMap.Of(
        ("scope", fact.Scope.ToString()), ("window", BudgetWindows.NameOf(fact.Window)), ("from", GatewayStore.TextOrNull(fact.From?.ToString("o"))), ("to", GatewayStore.TextOrNull(fact.To?.ToString("o"))),
        ("limit_usd", fact.Limit?.UsdMax is { } usd ? GatewayStore.Amount(usd) : Value.Null), ("spent_usd", GatewayStore.Amount(fact.SpentUsd)), ("held_usd", GatewayStore.Amount(fact.ReservedUsd)),
        ("spent_tokens", fact.SpentTokens), ("held_tokens", fact.ReservedTokens), ("charges", fact.Charges), ("held", fact.Held), ("newest", Value.Of(fact.Newest.Select(row => Value.Of(ToJson(row))))));

    private static ValueMap ToJson(ChargeFact row) => ValueMap.Of(
        ("operation", row.OperationId), ("attempt", row.Attempt), ("deployment", row.Deployment), ("at", row.At.ToString("o")), ("outcome", row.Outcome), ("status", row.UpstreamStatus),
        ("cost_usd", row.CostUsd is { } cost ? GatewayStore.Amount(cost) : Value.Null), ("bound_usd", GatewayStore.Amount(row.BoundUsd)), ("tokens", row.Tokens), ("price_source", row.PriceSource), ("estimate", row.IsEstimate),
        ("lines", Value.Of(row.Lines.Select(line => Value.Of(ValueMap.Of(("class", line.Class), ("count", line.Count), ("usd_per_million", GatewayStore.Amount(line.UsdPerMillion)), ("usd", GatewayStore.Amount(line.Usd))))))));
}
