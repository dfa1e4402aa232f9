using Hydra.Model;

namespace Hydra.Cli;

/// <summary>Where epics live: <c>epics/NAME/{brief.md, genesis.xml}</c> below the working directory.</summary>
internal static class Epics
{
    public const string Folder = "epics", Blueprint = "genesis.xml", BriefFile = "brief.md";
    /// <summary>The tag by which the runs of an epic are found.</summary>
    public const string Tag = "epic";
    private const int NameLengthMax = 64;

    /// <summary>What an argument names: a file as it is, else the blueprint of an epic of that name, else the argument itself.</summary>
    /// <remarks>Throws <see cref="UsageException"/> for an epic that has no blueprint yet.</remarks>
    public static string FileOf(string target, CliIo io)
    {
        if (Path.Exists(io.PathOf(target))) return target;
        RefuseUnplanned(target, io);
        return EpicOf(target, io) is { } epic ? PathOf(epic, Blueprint) : target;
    }

    /// <summary>Throws <see cref="UsageException"/> for the name of an epic that has no blueprint yet.</summary>
    public static void RefuseUnplanned(string target, CliIo io)
    {
        if (IsName(target) && Directory.Exists(io.PathOf(Path.Combine(Folder, target)))) Require(target, Blueprint, $"hydra plan {target}", io);
    }

    /// <summary>The epic that an argument names, by its name or its blueprint's path; null: none that has a blueprint.</summary>
    public static string? EpicOf(string target, CliIo io)
    {
        var name = target;
        if (target.Replace('\\', '/').Split('/') is [.., Folder, var inner, Blueprint]) name = inner;
        return IsName(name) && File.Exists(io.PathOf(PathOf(name, Blueprint))) ? name : null;
    }

    public static string PathOf(string epic, string file) => Path.Combine(Folder, epic, file);

    /// <summary>An epic's name as given. Throws <see cref="UsageException"/> where it is none, or where the epic lacks a file.</summary>
    /// <param name="needed">The file that must be there, with the command that makes it.</param>
    public static string Require(string given, string needed, string maker, CliIo io)
    {
        if (!IsName(given)) throw new UsageException($"'{given}' is no name of an epic: 1 to {NameLengthMax} letters, digits, '_', '-' and '.', beginning with a letter or digit.");
        if (File.Exists(io.PathOf(PathOf(given, needed)))) return given;
        var folder = io.PathOf(Folder);
        var known = Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).ToList() : [];
        throw known.Contains(given)
            ? new UsageException($"epic '{given}' has no {needed} yet. Make it with `{maker}`.")
            : new UsageException($"there is no epic '{given}' here.{DidYouMean.Hint(given, known)} Begin it with `hydra new {given}`.");
    }

    /// <summary>The runs of an epic, the latest first.</summary>
    public static IReadOnlyList<RunInfo> RunsOf(string epic, IRunStore store) =>
        [.. store.List().Where(info => info.Tags.GetValueOrDefault(Tag) == epic && !info.Tags.ContainsKey(StepTag)).OrderByDescending(info => info.StartedAt).ThenByDescending(info => info.Run.Text, StringComparer.Ordinal)];

    /// <summary>The tag of runs that interview, plan or sum up for an epic, and are no work on it.</summary>
    public const string StepTag = "step";

    /// <summary>Letters, digits, '_', '-' and '.', beginning with a letter or digit: no name leaves the folder of epics.</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= NameLengthMax && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}
