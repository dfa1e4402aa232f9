namespace Hydra.Model;

/// <summary>What a run's end undid, and what it could not.</summary>
/// <param name="Undone">Paths, in the order in which they were undone.</param>
/// <param name="NotUndone">Paths with the error of their compensation.</param>
public sealed record RollbackReceipt(IReadOnlyList<string> Undone, IReadOnlyList<(string Path, NodeError? Error)> NotUndone)
{
    private string? Left { get; init; }

    public static RollbackReceipt Of(RunState state)
    {
        var undone = new List<string>();
        var failed = new List<(string, NodeError?)>();
        foreach (var (instance, scope) in state.Undone)
        {
            var path = state.PathOf(instance);
            if (scope.HasEnded && !state.ItemHasFailed(scope, 0)) undone.Add(path);
            else failed.Add((path, state.DetailOf(scope.First)?.Error));
        }
        return new RollbackReceipt(undone, failed) { Left = LeftDone(state) };
    }

    /// <summary>What other runs did stays as it is, for it is theirs to undo; null: there is none of it.</summary>
    public static string? LeftDone(RunState state)
    {
        var left = state.LeftDone.Select(each => $"{state.PathOf(each.Instance)} (done by {(each.Run is { } run ? $"run '{run}'" : "hand")})").ToList();
        return left.Count == 0 ? null : "left as it is: " + Listed(left);
    }

    public override string ToString()
    {
        var parts = new List<string>();
        if (Undone.Count > 0) parts.Add("undone: " + Listed(Undone));
        if (NotUndone.Count > 0) parts.Add("NOT undone: " + Listed([.. NotUndone.Select(each => each.Error is { } error ? $"{each.Path} ({error.Code}: {error.Message})" : each.Path)]));
        if (Left is not null) parts.Add(Left);
        return parts.Count == 0 ? "nothing was undone" : string.Join("; ", parts);
    }

    private const int ListedMax = 20;

    private static string Listed(IReadOnlyList<string> paths) =>
        string.Join(", ", paths.Take(ListedMax)) + (paths.Count > ListedMax ? $" and {paths.Count - ListedMax} more" : "");
}
