using System.Runtime.CompilerServices;

namespace Hydra.Cli.Tests;

/// <summary>Compares a text with the reviewed <c>CLASS.METHOD.verified.txt</c> beside the test; a difference leaves a <c>.received.txt</c> there.</summary>
internal static class Verified
{
    public static void Check(string text, [CallerFilePath] string file = "", [CallerMemberName] string method = "")
    {
        var stem = Path.Combine(Path.GetDirectoryName(file)!, $"{Path.GetFileNameWithoutExtension(file)}.{method}");
        var expected = File.Exists(stem + ".verified.txt") ? File.ReadAllText(stem + ".verified.txt").ReplaceLineEndings("\n").TrimEnd() : "";
        var actual = text.ReplaceLineEndings("\n").TrimEnd();
        if (expected == actual) return;
        File.WriteAllText(stem + ".received.txt", actual + "\n");
        Assert.Equal(expected, actual);
    }
}
