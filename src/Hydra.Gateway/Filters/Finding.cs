namespace Hydra.Gateway.Filters;

/// <summary>A place in a text that a filter looks for. Never holds the text itself.</summary>
/// <param name="Kind">As <c>personal_data.email</c>.</param>
internal readonly record struct Finding(int Start, int Length, string Kind)
{
    public int End => Start + Length;
}

/// <summary>Looks for one kind of thing in a text. Pure.</summary>
internal interface IDetector
{
    void Find(string text, List<Finding> findings);
}
