using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Nodes;

/// <summary>What an evaluator says of a candidate.</summary>
/// <param name="Score">0 to 1; null when none was given.</param>
internal sealed record Verdict(bool IsApproved, string Feedback, double? Score)
{
    /// <summary>The shape that an evaluator's agent is held to where its author asks for none.</summary>
    public static Value Schema { get; } = Value.ParseJson("""
        {
          "type": "object",
          "properties": {
            "approved": {"type": "boolean", "description": "Whether the candidate is good enough as it stands."},
            "feedback": {"type": "string", "description": "What to change, for the writer of the next round."},
            "score": {"type": "number", "minimum": 0, "maximum": 1, "description": "How good the candidate is, 0 to 1."}
          },
          "required": ["approved", "feedback"]
        }
        """);

    /// <summary>
    /// Reads <c>{approved, feedback, score?}</c>, an object or its JSON text; null when it is none. With a
    /// <paramref name="threshold"/> the score decides where there is one.
    /// </summary>
    public static Verdict? Read(Value answer, double? threshold)
    {
        if (answer.IsText && OutputContract.TryParse(answer.AsText, out var parsed)) answer = parsed;
        if (!answer.IsObject) return null;
        var given = answer.AsObject;
        double? score = given.GetOrNull("score") is { IsNumeric: true } number ? Math.Clamp(number.AsNumber, 0, 1) : null;
        var approved = given.GetOrNull("approved") is { Kind: ValueKind.Boolean } flag ? flag.AsBoolean : (bool?)null;
        if (threshold is not null && score is not null) approved = score >= threshold;
        if (approved is not { } isApproved) return null;
        return new Verdict(isApproved, given.GetOrNull("feedback") is { IsNull: false } feedback ? feedback.ToDisplayText() : "", score);
    }
}
