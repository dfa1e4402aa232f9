namespace Hydra.Tests;

/// <summary>Finds the files of the repository that tests read.</summary>
internal static class TestFiles
{
    public static string Root { get; } = FindRoot();

    public static string Example(string name) => Path.Combine(Root, "examples", name);

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Hydra.slnx"))) folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Hydra.slnx is not above the tests.");
        return folder;
    }
}
