using System.Runtime.CompilerServices;

namespace Hydra.Tests;

/// <summary>Compares text with the reviewed <c>NAME.verified.txt</c> beside the test; a difference leaves <c>NAME.received.txt</c> there.</summary>
internal static class Verified
{
    public static void Check(string name, string received, [CallerFilePath] string testFile = "")
    {
        var folder = Path.GetDirectoryName(testFile)!;
        var expected = Path.Combine(folder, $"{name}.verified.txt");
        var actual = Path.Combine(folder, $"{name}.received.txt");
        var text = received.TrimEnd('\n') + "\n";
        if (File.Exists(expected) && File.ReadAllText(expected) == text)
        {
            File.Delete(actual);
            return;
        }
        File.WriteAllText(actual, text);
        Assert.Equal(File.Exists(expected) ? File.ReadAllText(expected) : "", text);
    }
}
