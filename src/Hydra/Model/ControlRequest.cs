namespace Hydra.Model;

/// <summary>What a person asks of a run, from any process.</summary>
/// <param name="Verb"><c>pause</c> or <c>cancel</c>.</param>
/// <param name="By">Who, as they say.</param>
/// <param name="Now">Pause: calls under way are interrupted.</param>
/// <param name="Rollback">Cancel: what completed is undone.</param>
public sealed record ControlRequest(string Verb, string By, string Reason, bool Now = false, bool Rollback = false)
{
    public const string Pause = "pause", Cancel = "cancel";

    /// <summary>When it was asked (Unix milliseconds). A run taken up after that is not bound by it; 0: always.</summary>
    public long AtMs { get; init; }

    /// <summary>For the run's inbox.</summary>
    public InboxCommand ToCommand() => new(Verb, ValueMap.Of(("by", By), ("reason", Reason), ("now", Now), ("rollback", Rollback), ("at", AtMs)));

    /// <summary>Null where the command is none of these.</summary>
    public static ControlRequest? Of(InboxCommand command)
    {
        if (command.Verb is not (Pause or Cancel)) return null;
        var body = command.Body.IsObject ? command.Body.AsObject : ValueMap.Empty;
        return new ControlRequest(command.Verb, TextOf(body, "by", "somebody"), TextOf(body, "reason", "no reason was given"), IsTrue(body, "now"), IsTrue(body, "rollback"))
        {
            AtMs = body.GetOrNull("at") is { Kind: ValueKind.Integer } at ? at.AsInteger : 0,
        };
    }

    private static string TextOf(ValueMap body, string name, string otherwise) => body.GetOrNull(name).TextOrNull is { Length: > 0 } text ? text : otherwise;
    private static bool IsTrue(ValueMap body, string name) => body.GetOrNull(name) is { Kind: ValueKind.Boolean, AsBoolean: true };
}

/// <summary>What a person says of an effect whose outcome is unknown.</summary>
/// <param name="Path">The node instance.</param>
/// <param name="Output">Happened: what stands for the answer.</param>
public sealed record Assumption(string Path, bool Happened, Value Output, string By);
