namespace Hydra.Agents.Tests.Patterns;

/// <summary>Kills a run of a pattern behind each of its frames and lets it go on: it comes to what it comes to unharmed, and nobody is asked again who had answered.</summary>
internal static class PatternKills
{
    /// <param name="answer">Must say the same to the same prompt.</param>
    /// <param name="node">Whose result counts.</param>
    public static async Task BehindEveryFrameAsync(string file, Func<string, string> answer, string node)
    {
        var whole = new DyingStore(new MemoryRunStore(), int.MaxValue);
        var expected = await PatternRun.OfAsync(file, answer, store: whole);
        var kills = 0;
        foreach (var dying in DyingStore.AtEveryCommit())
        {
            var store = dying.Kept;
            if (await dying.OutlivesAsync(() => PatternRun.OfAsync(file, answer, store: dying))) break;
            kills++;
            var known = store.Read(PatternRun.Run).SelectMany(frame => frame.Events).OfType<RunEvent.StepEnded>().Count();
            var run = await PatternRun.OfAsync(file, answer, store: store, resumes: true);
            Assert.Equal(expected.Report.Status, run.Report.Status);
            Assert.Equal(expected.Json(node), run.Json(node));
            Assert.Equal(expected.Asked.Count - known, run.Asked.Count);
        }
        Assert.True(kills >= whole.Commits / 2, $"{kills} kills in a run of {whole.Commits} commits");
    }
}
