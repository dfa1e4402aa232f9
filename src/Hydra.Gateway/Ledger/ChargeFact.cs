using Hydra.Model;
using System.Data.Common;

namespace Hydra.Gateway.Ledger;

/// <summary>A row of the ledger as people read it.</summary>
public sealed record ChargeFact
{
    public required long Id { get; init; }
    /// <summary>The charge that this one corrects; null: it stands for itself.</summary>
    public required long? Corrects { get; init; }
    public required string OperationId { get; init; }
    public required int Attempt { get; init; }
    /// <summary>When the money was reserved: the windows of this moment bear the charge.</summary>
    public required DateTimeOffset At { get; init; }
    public required Caller Caller { get; init; }
    public required string Model { get; init; }
    public required string Deployment { get; init; }
    public required decimal BoundUsd { get; init; }
    /// <summary>Null: the call is under way.</summary>
    public required decimal? CostUsd { get; init; }
    public required long Tokens { get; init; }
    public IReadOnlyList<ChargeLine> Lines { get; init; } = [];
    public string PriceSource { get; init; } = "";
    public string PriceConfidence { get; init; } = "";
    /// <summary><c>answered</c>, <c>cut</c>, <c>repriced</c>, <c>held</c> for a call under way, or an error code.</summary>
    public required string Outcome { get; init; }
    public int UpstreamStatus { get; init; }
    public string? AnsweredBy { get; init; }
    public bool IsEstimate { get; init; }

    internal const string Columns = LedgerSchema.CallColumns + ", id, corrects, cost, tokens, lines, price_source, price_confidence, outcome, status, answered_by, is_estimate";
    internal const string ColumnsOfHeld = LedgerSchema.CallColumns + ", id, NULL, NULL, bound_tokens, '', '', '', 'held', 0, '', 1";

    internal static List<ChargeFact> Read(DbCommand command)
    {
        using var reader = command.ExecuteReader();
        var found = new List<ChargeFact>();
        while (reader.Read())
        {
            var call = SqliteLedgerRows.ReadCall(reader, reader.GetInt64(11), 0);
            found.Add(new ChargeFact
            {
                Id = call.Id, Corrects = reader.IsDBNull(12) ? null : reader.GetInt64(12), OperationId = call.OperationId, Attempt = call.Attempt,
                At = DateTimeOffset.FromUnixTimeMilliseconds(call.AtMs), Caller = call.Caller, Model = call.Model, Deployment = call.Deployment, BoundUsd = call.BoundUsd.Usd,
                CostUsd = reader.IsDBNull(13) ? null : new PicoUsd(reader.GetInt64(13)).Usd, Tokens = reader.GetInt64(14), Lines = ChargeLines.Parse(reader.GetString(15)),
                PriceSource = reader.GetString(16), PriceConfidence = reader.GetString(17), Outcome = reader.GetString(18), UpstreamStatus = reader.GetInt32(19),
                AnsweredBy = reader.GetString(20) is { Length: > 0 } answered ? answered : null, IsEstimate = reader.GetInt64(21) != 0,
            });
        }
        return found;
    }
}
