using System.Text.Json;
using Hydra.Model;

namespace Hydra.Execution;

/// <summary>People's decisions as lines of a cassette file.</summary>
internal static class CassetteDecisions
{
    public static ValueMap Line(RecordedDecision decision) => ValueMap.Of(
        ("decided", decision.Path), ("payload_sha256", decision.PayloadSha256), ("at_ms", decision.AtMs), ("escalated", decision.IsEscalated),
        ("expired", decision.Expired is { } expired ? WireNames.Of(expired) : Value.Null),
        ("answers", Value.Of(decision.Answers.Select(answer => Value.Of(ValueMap.Of(
            ("who", answer.Who), ("authenticated", answer.IsAuthenticated), ("answer", answer.Answer), ("comment", answer.Comment), ("at_ms", answer.AtMs)))))));

    public static RecordedDecision Read(ValueMap map)
    {
        WaitExpiry? expired = null;
        if (map["expired"].TextOrNull is { } name) expired = WireNames.TryParse<WaitExpiry>(name, out var known) ? known : throw new JsonException($"'{name}' is no way for a wait to end.");
        return new RecordedDecision(map["decided"].AsText, map["payload_sha256"].AsText, [.. map["answers"].Items.Select(answer => ReadAnswer(answer.AsObject))], expired, map["escalated"].AsBoolean, map["at_ms"].AsInteger);
    }

    private static WaitAnswer ReadAnswer(ValueMap map) =>
        new(map["who"].AsText, map["authenticated"].AsBoolean, map["answer"], map["comment"].AsText, map["at_ms"].AsInteger);
}
