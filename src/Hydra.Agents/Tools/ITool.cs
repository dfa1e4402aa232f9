using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Agents.Tools;

/// <summary>How much harm a wrong call may do.</summary>
public enum ToolRisk { Low, Medium, High }

/// <summary>What is known of a tool before it is called: what the model is told, and the limits that Hydra holds it to.</summary>
public sealed record ToolFacts
{
    /// <value>1 to 64 letters, digits, <c>_</c> and <c>-</c>: what providers accept.</value>
    public required string Name { get; init; }
    /// <summary>What it is for, told to the model.</summary>
    public required string Description { get; init; }
    /// <summary>JSON Schema (2020-12) of the arguments, an object. A call that does not fit never reaches the tool.</summary>
    public required Value Arguments { get; init; }
    /// <summary>JSON Schema that results must fit; null: any.</summary>
    public Value? Output { get; init; }
    /// <summary>What calling it once more would mean. Decides what a crash in the middle of a call leads to.</summary>
    public EffectClass Effect { get; init; } = EffectClass.Irreversible;
    public ToolRisk Risk { get; init; } = ToolRisk.Medium;
    /// <summary>Longest time of one call.</summary>
    /// <value>Default: 60 s.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);
    /// <summary>Longest result in bytes of UTF-8; a text beyond is cut and says so.</summary>
    /// <value>1 to 16,000,000. Default: 50,000.</value>
    public int ResultBytesMax { get; init; } = 50_000;
    /// <summary>Runs foreign code on this machine: the run is refused without <c>--sandbox</c>.</summary>
    public bool NeedsSandbox { get; init; }
    /// <summary>Labels of what it returns.</summary>
    /// <value>Default: untrusted, because most tools bring in what others wrote.</value>
    public Labels Labels { get; init; } = Labels.Untrusted;
    /// <summary>What it is given leaves this machine: an address, a query or a body may carry data out.</summary>
    /// <value>Default: true.</value>
    public bool IsOutward { get; init; } = true;
    /// <summary>What it concerns: <c>money</c>, <c>permissions</c>, <c>user_data</c>, <c>external</c>.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];
    /// <summary>Its answer may be a ticket for a result that comes later; null: it is always the result.</summary>
    public ToolTicketSpec? Ticket { get; init; }
    /// <summary>How long answers stand in place of a call; null: every call is made.</summary>
    public ToolCacheSpec? Cache { get; init; }
    /// <summary>When a tool that keeps failing is left alone; null: never, or as <see cref="BreakerName"/> says.</summary>
    public BreakerSpec? Breaker { get; init; }
    /// <summary>The name of an entry of the workflow's <c>breakers</c>, shared by the tools that name it.</summary>
    public string? BreakerName { get; init; }
    /// <summary>Who sees what is sent, as named in <c>readers</c> of labels; empty: anybody might.</summary>
    public IReadOnlyList<string> Audience { get; init; } = [];
}

/// <summary>One call of a tool, its arguments checked against the schema.</summary>
public sealed record ToolCall
{
    public required Value Arguments { get; init; }
    /// <summary>The same for this call after every crash and in every attempt: hand it to the other side.</summary>
    public required string IdempotencyKey { get; init; }
    /// <summary>Folder against which relative paths resolve.</summary>
    public required string WorkingDirectory { get; init; }
    /// <summary>Labels of the context that the arguments come from.</summary>
    public Labels Labels { get; init; }
    /// <summary>To be called while the tool works, so that the attempt does not pass for idle. From any thread.</summary>
    public required Action Alive { get; init; }
    /// <summary>The sandbox that the run was started with, by name; null: none.</summary>
    public string? Sandbox { get; init; }
    /// <summary>Where a declaration's <c>{{ env.NAME }}</c> is found.</summary>
    internal ITemplateScope Scope { get; init; } = TemplateScope.Empty;
    /// <summary>To be told the labels of what the call found, where only finding it shows them.</summary>
    internal Action<Labels> Learned { get; init; } = static _ => { };
    /// <summary>What people have said to what the tool asked the user in this call; null: nobody can be asked.</summary>
    internal IReadOnlyList<AnsweredForm>? Forms { get; init; }
    /// <summary>Asks another agent as part of this call; its calls are steps of the same attempt.</summary>
    internal Func<string, string, CancellationToken, ValueTask<Value>>? AskAgent { get; init; }
}

/// <summary>
/// Something that an agent may do besides answering. Stateless or safe for many threads: calls of one turn run at once.
/// Whoever adds policies, caches or other sources of tools wraps this.
/// </summary>
public interface ITool
{
    ToolFacts Facts { get; }

    /// <summary>The effect of one call, where the arguments decide it (an HTTP method).</summary>
    EffectClass EffectOf(Value arguments) => Facts.Effect;

    /// <summary>The labels of what one call returns, where the arguments decide them (a file's place). Also of what it fails with.</summary>
    Labels LabelsOf(ToolCall call) => Facts.Labels;

    /// <summary>The name by which agents list it and policies speak of it; models are told <see cref="ToolFacts.Name"/>.</summary>
    string ListedName => Facts.Name;

    /// <summary>
    /// Does it once. A failure is thrown as <see cref="CallFailedException"/> and told to the model, which may go on; anything else that is
    /// thrown counts as <c>tool_failed</c>. Cancelling means that the call is cut: the tool stops what it started.
    /// </summary>
    ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken);
}
