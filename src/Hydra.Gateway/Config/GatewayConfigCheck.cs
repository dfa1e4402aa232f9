using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Providers;
using Hydra.Model;

namespace Hydra.Gateway.Config;

/// <summary>What the parts of a configuration say of one another. Goes over everything, also where fields were refused.</summary>
internal sealed class GatewayConfigCheck(IReadOnlyDictionary<string, SourcePosition> places, ProblemList problems)
{
    /// <summary>The path of the whole file.</summary>
    public const string Root = "gateway";

    private static readonly string[] Kinds = ["openai", "azure", "anthropic", "gemini", "ollama", "bedrock", "command", "offline"];
    private static readonly string[] SecretHeaders = ["authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"];
    private static readonly string[] FallbackLists = ["fallbacks", "context_window_fallbacks", "content_policy_fallbacks"];

    private static readonly Dictionary<string, string[]> StrategiesOfOption = new(StringComparer.Ordinal)
    {
        ["latency_buffer"] = ["lowest_latency"],
        ["rules"] = ["conditional"],
        ["steps"] = ["complexity"],
        ["default"] = ["conditional", "complexity"],
        ["canary"] = ["canary"],
        ["adaptive"] = ["adaptive"],
    };

    public void Check(ValueMap file)
    {
        var providers = file.Map("providers");
        var models = file.Map("models");
        foreach (var (name, provider) in file.Maps("providers")) CheckProvider($"{Root}.providers.{name}", provider);
        foreach (var (name, group) in file.Maps("models")) CheckGroup(name, group, providers, models);
        foreach (var (at, budget) in file.Items("budgets")) CheckBudget($"{Root}.budgets[{at}]", budget);
        foreach (var (at, filter) in file.Items("filters"))
        {
            CheckSecret($"{Root}.filters[{at}].api_key", filter.Text("api_key"));
            if (filter.Text("kind") == "moderation" && filter.Text("url") is null) Error(ProblemCodes.MissingField, $"{Root}.filters[{at}]", "a filter of kind moderation needs the field 'url': the address that is asked. Add it.");
        }
        if (file.Map("cache").Map("semantic") is var semantic && semantic.Flag("enabled") == true && semantic.Text("model") is null)
            Error(ProblemCodes.MissingField, $"{Root}.cache.semantic", "the semantic cache needs the field 'model': the embedding model. Add it.");
        if (file.Map("cache").Map("exact") is var exact && exact.Text("store") == "redis" && exact.Text("url") is null)
            Error(ProblemCodes.MissingField, $"{Root}.cache.exact", "the store redis needs the field 'url', such as redis://127.0.0.1:6379. Add it.");
        CheckSecret($"{Root}.store.postgres", file.Map("store").Text("postgres"));
        if (file.Map("store") is var store && store.ContainsKey("postgres") && store.ContainsKey("sqlite"))
            Error(ProblemCodes.TwoGatewayStores, $"{Root}.store.sqlite", "`store` names a SQLite file and a PostgreSQL database, and keys and ledger lie in one of them. Remove one.");
        CheckSecret($"{Root}.auth.admin_key", file.Map("auth").Text("admin_key"));
        if (file.Map("retries") is var retries && retries.Number("backoff_first_seconds") > (retries.Number("backoff_max_seconds") ?? 8))
            Error(ProblemCodes.OutOfRange, $"{Root}.retries.backoff_first_seconds", "`backoff_first_seconds` is above `backoff_max_seconds`. Lower it.");
        if (file.Map("breaker") is var breaker && breaker.Number("open_seconds") > (breaker.Number("open_max_seconds") ?? 120))
            Error(ProblemCodes.OutOfRange, $"{Root}.breaker.open_seconds", "`open_seconds` is above `open_max_seconds`. Lower it.");
    }

    private void CheckProvider(string path, ValueMap provider)
    {
        var kind = provider.Text("kind");
        CheckSecret($"{path}.api_key", provider.Text("api_key"));
        foreach (var (name, value) in provider.Map("headers"))
        {
            if (SecretHeaders.Contains(name, StringComparer.OrdinalIgnoreCase)) CheckSecret($"{path}.headers.{name}", value.TextOrNull);
        }
        if (provider.Text("base_url") is { } url)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
                Error(ProblemCodes.IncompleteProvider, $"{path}.base_url", "`base_url` is not an http or https address. Write it like https://host/v1.");
            else if (uri.UserInfo.Length > 0) LiteralSecret($"{path}.base_url", "`base_url` holds a user or password");
        }
        if (kind is null) return;
        if (!Kinds.Contains(kind) && ProviderCatalog.Find(kind) is null)
        {
            var hint = DidYouMean.Hint(kind, Kinds.Concat(ProviderCatalog.All.Select(preset => preset.Name)));
            Error(ProblemCodes.UnknownProviderKind, $"{path}.kind", $"the kind '{Clip(kind)}' is not known.{hint} Write {string.Join(", ", Kinds)}, or a name that `hydra models list --providers` shows.");
            return;
        }
        if (kind == "azure") Need("base_url", "the address of the resource");
        if (kind == "azure") Need("api_key", "the key by reference");
        if (kind == "command") Need("command", "the command line");
        if (ProviderCatalog.Find(kind) is { Key: null } && !Kinds.Contains(kind)) Need("base_url", "the address of your server");
        Only("api_version", "azure");
        Only("region", "bedrock");
        Only("command", "command");
        Only("api", "openai");

        void Need(string field, string what)
        {
            if (provider.Text(field) is null) Error(ProblemCodes.IncompleteProvider, path, $"a provider of kind {kind} needs the field '{field}': {what}. Add it.");
        }

        void Only(string field, string owner)
        {
            if (kind != owner && provider.ContainsKey(field)) Error(ProblemCodes.IncompleteProvider, $"{path}.{field}", $"`{field}` is for providers of kind {owner}, and this one is of kind {kind}. Remove it.");
        }
    }

    private void CheckGroup(string name, ValueMap group, ValueMap providers, ValueMap models)
    {
        var path = $"{Root}.models.{name}";
        var deployments = group.Items("deployments").ToList();
        if (group.GetOrNull("deployments") is { IsList: true, Items.Count: 0 }) Error(ProblemCodes.OutOfRange, $"{path}.deployments", $"the group '{Clip(name)}' has no deployment. Name at least one.");
        foreach (var (at, deployment) in deployments)
        {
            if (deployment.Text("provider") is { } provider && !providers.ContainsKey(provider))
                Error(ProblemCodes.UnknownProvider, $"{path}.deployments[{at}].provider", $"the provider '{Clip(provider)}' is not defined.{DidYouMean.Hint(provider, providers.Keys)} Add it under `providers`, or correct the name.");
        }
        foreach (var list in FallbackLists)
        {
            foreach (var (at, fallback) in group.Texts(list).Index())
            {
                if (fallback == name) Error(ProblemCodes.BadGroupFallback, $"{path}.{list}[{at}]", $"the group '{Clip(name)}' is its own fallback, which cannot help. Remove it.");
                else if (!models.ContainsKey(fallback)) Error(ProblemCodes.BadGroupFallback, $"{path}.{list}[{at}]", $"there is no group '{Clip(fallback)}'.{DidYouMean.Hint(fallback, models.Keys)} Define it under `models`, or remove it.");
            }
        }
        CheckRoute(path, name, group, models);
    }

    private void CheckRoute(string path, string name, ValueMap group, ValueMap models)
    {
        var strategy = group.Text("strategy") ?? "weighted";
        foreach (var (option, owners) in StrategiesOfOption)
        {
            if (group.ContainsKey(option) && !owners.Contains(strategy))
                Error(ProblemCodes.BadRoute, $"{path}.{option}", $"`{option}` is for the strategy {string.Join(" or ", owners)}, and the strategy of '{Clip(name)}' is {strategy}. Change one of them.");
        }
        Need("conditional", "rules");
        Need("complexity", "steps");
        Need("canary", "canary");
        var names = DeploymentNames.Of(name, group);
        foreach (var (at, rule) in group.Items("rules"))
        {
            CheckUse($"{path}.rules[{at}].use", rule.GetOrNull("use"), name, names, models);
            foreach (var (key, condition) in rule.Maps("when"))
            {
                if (condition.Count != 1 || condition.Flag("exists") == false) Error(ProblemCodes.BadRoute, $"{path}.rules[{at}].when.{key}", $"the condition on '{Clip(key)}' is one of `not`, `starts_with` or `exists: true`. Write one of them.");
            }
        }
        foreach (var (at, step) in group.Items("steps")) CheckUse($"{path}.steps[{at}].use", step.GetOrNull("use"), name, names, models);
        CheckUse($"{path}.default", group.GetOrNull("default"), name, names, models);
        CheckDeployments($"{path}.canary.deployments", group.Map("canary").Texts("deployments"), name, names);

        void Need(string owner, string option)
        {
            if (strategy == owner && !group.ContainsKey(option)) Error(ProblemCodes.BadRoute, path, $"the strategy {owner} of '{Clip(name)}' needs `{option}`. Add it.");
        }
    }

    private void CheckUse(string path, Value use, string group, DeploymentNames names, ValueMap models)
    {
        if (!use.IsObject) return;
        var map = use.AsObject;
        if (map.ContainsKey("group") == map.ContainsKey("deployments")) Error(ProblemCodes.BadRoute, path, "`use` names a `group` or `deployments`: write one of the two.");
        if (map.Text("group") is { } other && !models.ContainsKey(other)) Error(ProblemCodes.BadRoute, $"{path}.group", $"there is no group '{Clip(other)}'.{DidYouMean.Hint(other, models.Keys)} Correct the name.");
        if (map.Text("group") == group) Error(ProblemCodes.BadRoute, $"{path}.group", $"the group '{Clip(group)}' sends calls to itself. Write `all`, or another group.");
        CheckDeployments($"{path}.deployments", map.Texts("deployments"), group, names);
    }

    private void CheckDeployments(string path, IReadOnlyList<string> wanted, string group, DeploymentNames names)
    {
        foreach (var (at, name) in wanted.Index())
        {
            if (names.Find(name).Count == 0) Error(ProblemCodes.BadRoute, $"{path}[{at}]", $"no deployment of '{Clip(group)}' is called '{Clip(name)}'.{DidYouMean.Hint(name, names.Known)} Name it by `provider`, `provider/model` or a tag.");
        }
    }

    private void CheckBudget(string path, ValueMap budget)
    {
        if (budget.Text("scope") is { } scope && BudgetScope.TryParse(scope) is null)
            Error(ProblemCodes.BadGatewayBudget, $"{path}.scope", $"the scope '{Clip(scope)}' is not known. Write all, key:NAME, team:T, user:U, tag:K=V or model:M.");
        if (!budget.ContainsKey("max_usd") && !budget.ContainsKey("max_tokens")) Error(ProblemCodes.BadGatewayBudget, path, "this budget sets neither `max_usd` nor `max_tokens`. Set one of them.");
    }

    private void CheckSecret(string path, string? text)
    {
        if (text is not null && !SecretReference.IsReference(text)) LiteralSecret(path, "the secret itself stands here");
    }

    private void LiteralSecret(string path, string what) =>
        Error(ProblemCodes.LiteralSecret, path, $"`{path[(path.IndexOf('.', StringComparison.Ordinal) + 1)..]}`: {what}, and only references may. Put it into an environment variable or a file, and write env:NAME or file:PATH.");

    private void Error(string code, string path, string message) => problems.Error(code, PlaceOf(path), message);

    /// <summary>The place of a path, or of the nearest one around it.</summary>
    private SourcePosition PlaceOf(string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOfAny(['.', '['], end - 1))
        {
            if (places.TryGetValue(path[..end], out var at)) return at;
        }
        return SourcePosition.None;
    }

    private static string Clip(string text) => Wire.Excerpt.Of(text);
}
