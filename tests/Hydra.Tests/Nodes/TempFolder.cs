namespace Hydra.Tests.Nodes;

/// <summary>A folder of its own for one test, gone afterwards.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("hydra-").FullName;
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);
    public void Write(string name, string text) => File.WriteAllText(PathOf(name), text);
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
