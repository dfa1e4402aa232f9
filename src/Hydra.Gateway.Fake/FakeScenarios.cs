namespace Hydra.Gateway.Fake;

/// <summary>One named fault of the public fail-over bench.</summary>
/// <param name="Id"><c>S01</c> to <c>S16</c>.</param>
/// <param name="Title">What the provider does, in a few words.</param>
public sealed record FakeScenario(string Id, string Title)
{
    /// <summary>What the model <c>primary</c> does, with its times divided by the given speed.</summary>
    public required Func<double, IReadOnlyList<FakeRule>> Rules { get; init; }

    /// <summary>The script: the model <c>primary</c> fails, every other model answers plainly.</summary>
    /// <param name="speed">How many seconds of the scenario pass in one; 1: as published.</param>
    public FakeScript Script(double speed = 1) => new() { Rules = Rules(speed), Models = ["primary", "fallback"], Answer = FakeScenarios.FallbackAnswer };
}

/// <summary>
/// The sixteen scenarios of the public fail-over bench (failoverbench, MIT, 2026-09): what each does to a client that has a second model
/// to fall back on.
/// </summary>
public static class FakeScenarios
{
    /// <summary>What the fallback says.</summary>
    public const string FallbackAnswer = "The fallback answers.";
    /// <summary>What the primary says when it is well.</summary>
    public const string PrimaryAnswer = "The primary answers with enough words that it can be cut in sixty pieces, one after the other, until the very end of it.";
    /// <summary>Usage of the fallback in S16.</summary>
    public static readonly FakeUsage FallbackUsage = new(Input: 120, Output: 30);
    /// <summary>How long the outage of S15 lasts in published time.</summary>
    public static readonly TimeSpan Outage = TimeSpan.FromSeconds(60);

    private const int Pieces = 60, SentBeforeCut = 41;   // the role's chunk and forty pieces

    public static IReadOnlyList<FakeScenario> All { get; } =
    [
        Of("S01", "429 with Retry-After 2, once", speed => [Error(429, times: 1) with { RetryAfterMs = Ms(2, speed) }, Well]),
        Of("S02", "429 for ever", _ => [Error(429)]),
        Of("S03", "500 once", _ => [Error(500, times: 1), Well]),
        Of("S04", "503 for ever", _ => [Error(503)]),
        Of("S05", "the connection is reset", _ => [Primary with { Then = "reset", CutAfter = 0 }]),
        Of("S06", "120 s of silence", speed => [Well with { LatencyMs = Ms(120, speed) }]),
        Of("S07", "the first token after 20 s", speed => [Well with { LatencyMs = Ms(20, speed) }]),
        Of("S08", "the stream is cut after 40 of 60 pieces", _ => Cut()),
        Of("S09", "the stream stalls after 40 of 60 pieces", _ => [Well with { CutAfter = SentBeforeCut, Then = "hang" }]),
        Of("S10", "malformed events", _ => [Primary with { Body = "data: {\"id\": \"x\", \"choices\": [{\"delta\": {\"content\": \n\ndata: }}}\n\n" }]),
        Of("S11", "the stream ends without [DONE]", _ => [Well with { When = Primary.When with { Stream = true }, CutAfter = Pieces + 3 }, Well]),
        Of("S12", "the prompt is too long", _ => [Error(400) with { ErrorType = "invalid_request_error", ErrorCode = "context_length_exceeded", ErrorMessage = "This model's maximum context length is 8192 tokens." }]),
        Of("S13", "the content filter refuses", _ => [Error(400) with { ErrorType = "invalid_request_error", ErrorCode = "content_filter", ErrorMessage = "The response was filtered due to the prompt triggering the content management policy." }]),
        Of("S14", "the stream is cut, and the fallback takes no prefill", _ =>
        [
            .. Cut(),
            new() { When = new() { Model = "fallback", Prompt = PrimaryAnswer[..10] }, Status = 400, ErrorType = "invalid_request_error", ErrorMessage = "This model does not support assistant message prefill." },
        ]),
        Of("S15", "60 s of 503, then well again", _ => [Error(503) with { When = Primary.When with { Prompt = "during the outage" } }, Well]),
        Of("S16", "503, and the fallback has its own usage", _ => [Error(503), new() { When = new() { Model = "fallback" }, Usage = FallbackUsage }]),
    ];

    /// <exception cref="FormatException">There is no such scenario.</exception>
    public static FakeScenario Find(string id) => All.FirstOrDefault(scenario => scenario.Id.Equals(id, StringComparison.OrdinalIgnoreCase))
        ?? throw new FormatException($"there is no scenario '{id}'. Write S01 to S16.");

    private static FakeRule Primary => new() { When = new() { Model = "primary" } };
    private static FakeRule Well => Primary with { Answer = PrimaryAnswer, Chunks = Pieces };

    private static FakeScenario Of(string id, string title, Func<double, IReadOnlyList<FakeRule>> rules) => new(id, title) { Rules = rules };
    private static FakeRule Error(int status, int? times = null) => Primary with { Status = status, Times = times };
    /// <summary>A stream ends in the middle; what comes whole is cut with its connection.</summary>
    private static FakeRule[] Cut() => [Well with { When = Primary.When with { Stream = true }, CutAfter = SentBeforeCut }, Primary with { Then = "reset" }];
    private static int Ms(double seconds, double speed) => (int)(seconds * 1000 / speed);
}
