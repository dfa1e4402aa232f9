using Hydra.Gateway.Routing;
using Hydra.Model;

namespace Hydra.Gateway.Config;

/// <summary>The declarations of <c>gateway.yaml</c>: what the reader checks against and the editor's schema is made from.</summary>
internal static class GatewayFields
{
    private static readonly Shape Text = new Shape.Text();
    private static readonly Shape Texts = new Shape.ListOf(Text, 1_000);
    private static readonly Shape Flag = new Shape.Boolean();
    private static readonly Shape Seconds = new Shape.Number(0.001, 86_400);
    private static readonly Shape Rate = new Shape.Integer(1, 1_000_000_000_000);
    private static readonly Shape Parallel = new Shape.Integer(1, 1_000_000);
    private static readonly Shape Usd = new Shape.Number(0, 9_000_000);
    private static readonly Shape Use = new Shape.OneOf(new Shape.Choice("all"), Record(
        new("group", Text, "Another group."),
        new("deployments", Texts, "Deployments of this group, each by `provider`, `provider/model` or a tag.")));

    private static readonly Field[] LimitFields =
    [
        new("rpm", Rate, "Requests in any 60 s. Default: no limit."),
        new("tpm", Rate, "Tokens in any 60 s. Default: no limit."),
        new("max_parallel", Parallel, "Calls at the same time. Default: no limit."),
    ];

    private static readonly Shape Provider = Record(
        new("kind", Text, "openai, azure, anthropic, gemini, ollama, bedrock, command, offline, or a name of the catalogue of providers.") { IsRequired = true },
        new("base_url", Text, "Address of the API, with its version where it has one. Default: the provider's own."),
        new("api_key", Text, "The key by reference: env:NAME or file:PATH."),
        new("quota_group", Text, "Accounts that share one quota carry the same name. Default: the account's own name."),
        new("api_version", Text, "Of azure: the API version. Default: the newer address, which needs none."),
        new("region", Text, "Of bedrock: the AWS region. Default: AWS_REGION."),
        new("api", new Shape.Choice("chat", "responses"), "Of openai: which API is called. Default: chat."),
        new("command", Text, "Of command: the command line."),
        new("headers", new Shape.MapOf(Text), "Further headers of every request, as written or by reference."));

    private static readonly Shape Deployment = Record([
        new("provider", Text, "A name of `providers`.") { IsRequired = true },
        new("model", Text, "The provider's own name of the model.") { IsRequired = true },
        new("priority", new Shape.Integer(1, 1_000), "Tier of the priority strategy; 1 is asked first. Default: 1."),
        new("weight", new Shape.Number(0.000_001, 1_000_000), "Share of the weighted strategy. Default: 1."),
        .. LimitFields,
        new("region", Text, "Where it answers, for callers that ask for a region."),
        new("tags", Texts, "Names that routing rules may use."),
        new("context_tokens", new Shape.Integer(1, 1_000_000_000), "Longest prompt. Default: as the price table says."),
        new("price", Record(
            new("input", Usd, "US dollars per 1,000,000 tokens.") { IsRequired = true },
            new("output", Usd, "US dollars per 1,000,000 tokens.") { IsRequired = true },
            new("cache_read", Usd, "US dollars per 1,000,000 tokens. Default: as input."),
            new("cache_write", Usd, "US dollars per 1,000,000 tokens. Default: as input."),
            new("reasoning", Usd, "US dollars per 1,000,000 tokens. Default: as output.")), "Prices of this deployment. Default: as the price table says."),
    ]);

    private static readonly Shape Group = Record(
        new("deployments", new Shape.ListOf(Deployment, 1_000), "Who may answer.") { IsRequired = true },
        new("strategy", new Shape.Choice([.. Enum.GetValues<RouteStrategy>().Select(strategy => strategy.ToText())]), "How the deployment is chosen. Default: weighted."),
        new("fallbacks", Texts, "Groups that are asked when this one cannot answer."),
        new("context_window_fallbacks", Texts, "Groups that are asked when the prompt is too long for this one."),
        new("content_policy_fallbacks", Texts, "Groups that are asked when a provider's content policy refused."),
        new("timeouts", Record(
            new("first_token_seconds", Seconds, "Longest wait for the first content of a stream. Default: 60."),
            new("idle_seconds", Seconds, "Longest silence within a stream. Default: 60."),
            new("answer_seconds", Seconds, "Longest wait for an answer that is not streamed. Default: half of total_seconds."),
            new("total_seconds", Seconds, "One operation with all its attempts. Default: 600.")), "Patience with a provider."),
        new("limits", Record(LimitFields), "Limits of the group as a whole."),
        new("hedge", Record(
            new("after_seconds", Seconds, "Silence before a second deployment is asked. Default: as `quantile` says, 0.2 at least."),
            new("quantile", new Shape.Number(0.5, 0.999), "The silence that this share of the deployment's calls keeps, of 20 at least. Default: 0.95, without `after_seconds`."),
            new("percent_max", new Shape.Number(0, 100), "Second calls for a hundred first ones; one in 10 s is always free. Default: 5.")), "A second call, on another account, beside one that is slow. Default: never."),
        new("latency_buffer", new Shape.Number(0, 10), "Of lowest_latency: deployments up to this share slower than the fastest share with it. Default: 0.2."),
        new("rules", new Shape.ListOf(Record(
            new("name", Text, "Shown in reasons.") { IsRequired = true },
            new("when", new Shape.MapOf(new Shape.OneOf(Text, Texts, Record(
                new("not", Text, "Any other value, or none."),
                new("starts_with", Text, "A value that begins so."),
                new("exists", new Shape.Boolean(), "true: any value.")))), "Metadata by key: a value, a list of values, or a condition. All must hold.") { IsRequired = true },
            new("use", Use, "Who answers then.") { IsRequired = true }), 1_000), "Of conditional: the first that holds decides."),
        new("default", Use, "Of conditional and complexity, when nothing holds. Default: all."),
        new("steps", new Shape.ListOf(Record(
            new("at_least", new Shape.Number(0, 1), "The smallest score that goes there.") { IsRequired = true },
            new("use", Use, "Who answers then.") { IsRequired = true }), 100), "Of complexity: the highest step that a prompt's score reaches."),
        new("canary", Record(
            new("percent", new Shape.Number(0, 100), "Share of callers on the canary's side.") { IsRequired = true },
            new("deployments", Texts, "The canary: `provider`, `provider/model` or a tag.") { IsRequired = true },
            new("salt", Text, "Another text draws other callers. Default: the group's name.")), "Of canary."),
        new("adaptive", Record(
            new("enabled", Flag, "false: by weight. Default: true."),
            new("exploration_max", new Shape.Number(0, 0.5), "Largest share of calls to another than the best known. Default: 0.1."),
            new("window_seconds", Seconds, "What the share looks back on. Default: 600."),
            new("latency_weight", new Shape.Number(0, 1), "What the slowest loses, in success ratio. Default: 0.1."),
            new("price_weight", new Shape.Number(0, 1), "What the dearest loses, in success ratio. Default: 0.1.")), "Of adaptive."),
        new("prompt_cache", new Shape.OneOf(Flag, Record(
            new("ttl_seconds", Seconds, "How long a beginning counts as cached. Default: 300."),
            new("prompt_tokens_min", new Shape.Integer(0, 1_000_000_000), "Shorter prompts go where the strategy says. Default: 1024."),
            new("load_max", new Shape.Number(1, 100), "The favourite is passed over above this many times the mean load. Default: 2."),
            new("remembered", new Shape.Integer(1, 10_000_000), "Beginnings that are remembered. Default: 10000."))), "Stays with the deployment that has a prompt's beginning in its cache; goes with every strategy. Default: false."));

    public static IReadOnlyList<Field> All { get; } =
    [
        new("providers", new Shape.MapOf(Provider), "Accounts by the name that deployments use."),
        new("models", new Shape.MapOf(Group), "What callers name: groups of deployments that can stand in for one another."),
        new("passthrough", Flag, "Whether a model that is no group is asked as `provider/model`. Default: when there are no groups."),
        new("limits", Record(LimitFields), "Limits of the gateway as a whole."),
        new("teams", new Shape.MapOf(Record(LimitFields)), "Limits of teams by name, over all their keys and callers together."),
        new("budgets", new Shape.ListOf(Record(
            new("scope", Text, "all, key:NAME, team:T, user:U, tag:K=V or model:M.") { IsRequired = true },
            new("window", new Shape.Choice("minute", "hour", "day", "week", "month", "total"), "How long it lasts, by the calendar in UTC. Default: total."),
            new("max_usd", Usd, "Limit in US dollars."),
            new("max_tokens", new Shape.Integer(1, 1_000_000_000_000), "Limit in tokens of all classes.")), 10_000), "What may be spent."),
        new("cache", Record(
            new("exact", Record(
                new("enabled", Flag, "Default: false."),
                new("ttl_seconds", new Shape.Number(1, 31_536_000), "How long an answer is kept. Default: 3600."),
                new("max_bytes", new Shape.Integer(1_024, 1L << 40), "Default: 268435456."),
                new("store", new Shape.Choice("memory", "sqlite", "redis"), "Default: memory."),
                new("url", Text, "Of redis: its address, or a reference to it.")), "Answers to the same question."),
            new("semantic", Record(
                new("enabled", Flag, "Default: false."),
                new("model", Text, "Embedding model."),
                new("threshold", new Shape.Number(0.5, 1), "Cosine similarity. Default: 0.95."),
                new("ttl_seconds", new Shape.Number(1, 31_536_000), "How long an answer is kept. Default: 3600."),
                new("max_entries", new Shape.Integer(1, 10_000_000), "Default: 10000.")), "Answers to similar questions.")), "Kept answers."),
        new("filters", new Shape.ListOf(Record(
            new("kind", new Shape.Choice("secrets", "personal_data", "prompt_injection", "moderation"), "What is looked for.") { IsRequired = true },
            new("action", new Shape.Choice("block", "redact", "label", "ask"), "What is done about it.") { IsRequired = true },
            new("on", new Shape.Choice("input", "output", "both"), "Default: both."),
            new("url", Text, "Of moderation: the address that is asked, in the format of OpenAI's moderations."),
            new("api_key", Text, "Of moderation: its key by reference."),
            new("timeout_seconds", new Shape.Number(0.1, 600), "Of moderation: patience with one answer. Default: 5."),
            new("fail_open", Flag, "Of moderation: whether text passes where it does not answer. Default: false.")), 100), "What is looked for in prompts and answers."),
        new("retries", Record(
            new("attempts_max", new Shape.Integer(1, 20), "Attempts of one operation, the first among them. Default: 6."),
            new("backoff_first_seconds", new Shape.Number(0, 60), "Bound of the first wait; it doubles. Default: 0.5."),
            new("backoff_max_seconds", new Shape.Number(0, 600), "Default: 8."),
            new("retry_after_max_seconds", new Shape.Number(0, 600), "A longer Retry-After is not waited for. Default: 30.")), "How often and how long the gateway itself tries again."),
        new("breaker", Record(
            new("consecutive_failures", new Shape.Integer(1, 10_000), "Failures in a row that open it. Default: 5."),
            new("failure_ratio", new Shape.Number(0.01, 1), "Share of failed calls that opens it. Default: 0.5."),
            new("minimum_calls", new Shape.Integer(1, 1_000_000), "Calls below which the share says nothing. Default: 20."),
            new("window_seconds", new Shape.Number(1, 3_600), "What the share looks back on. Default: 60."),
            new("open_seconds", new Shape.Number(0.01, 3_600), "How long it stays open the first time. Default: 5."),
            new("open_max_seconds", new Shape.Number(0.01, 86_400), "Longest it stays open. Default: 120.")), "When a deployment rests after failures."),
        new("prices", Record(new Field("overrides", Text, "File whose prices win over the built-in table.")), "Prices."),
        new("auth", Record(
            new("required", Flag, "Whether callers must show a virtual key; false on loopback only. Default: true."),
            new("admin_key", Text, "The key of the administration over HTTP, by reference. Default: no administration over HTTP.")), "Who may call."),
        new("store", Record(
            new("sqlite", Text, "File of keys and ledger. Default: .hydra/gateway.db."),
            new("postgres", Text, "A PostgreSQL database that gateways of several machines share: its address by reference, env:NAME or file:PATH.")), "Where keys and ledger are kept."),
        new("on_unsupported", new Shape.Choice("drop", "error"), "What happens to a parameter that the answering provider does not know. Default: drop."),
    ];

    public static Shape.Record File { get; } = new(All);

    private static Shape.Record Record(params IReadOnlyList<Field> fields) => new(fields);
}
