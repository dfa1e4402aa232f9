namespace Hydra.Gateway.Fake;

/// <summary>One wire format: how an answer, its stream and an error look in it.</summary>
/// <param name="Whole">An answer that comes whole.</param>
/// <param name="Events">The same answer as the texts of a stream.</param>
/// <param name="Error">An error body.</param>
internal sealed record FakeDoor(Func<FakeReply, string> Whole, Func<FakeReply, IEnumerable<string>> Events,
    Func<FakeRule, string> Error)
{
    public static readonly FakeDoor Chat = new(OpenAIDoor.Whole, OpenAIDoor.Events, OpenAIDoor.Error);
    public static readonly FakeDoor Azure = new(AzureDoor.Whole, AzureDoor.Events, AzureDoor.Error);
    public static readonly FakeDoor Responses = new(ResponsesDoor.Whole, ResponsesDoor.Events, OpenAIDoor.Error);
    public static readonly FakeDoor Messages = new(AnthropicDoor.Whole, AnthropicDoor.Events, AnthropicDoor.Error);
    public static readonly FakeDoor Embeddings = new(EmbeddingsDoor.Whole, EmbeddingsDoor.Events, OpenAIDoor.Error);
}
