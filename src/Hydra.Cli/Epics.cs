namespace Hydra.Cli;

/// <summary>Where epics live: <c>epics/NAME/genesis.xml</c> below the working directory.</summary>
internal static class Epics
{
    public const string Folder = "epics", Blueprint = "genesis.xml";
    private const int NameLengthMax = 64;

    /// <summary>What an argument names: a file as it is, else the blueprint of an epic of that name, else the argument itself.</summary>
    public static string FileOf(string target, CliIo io)
    {
        if (Path.Exists(io.PathOf(target)) || !IsName(target)) return target;
        var file = Path.Combine(Folder, target, Blueprint);
        return File.Exists(io.PathOf(file)) ? file : target;
    }

    /// <summary>Letters, digits, '_', '-' and '.', beginning with a letter or digit: no name leaves the folder of epics.</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= NameLengthMax && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}
