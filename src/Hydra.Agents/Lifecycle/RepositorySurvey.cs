using Hydra.Model;

namespace Hydra.Agents.Lifecycle;

/// <summary>What a folder of code holds, from its files alone: languages by lines, manifests, tests, documents and the largest files. Reads names and sizes, runs nothing.</summary>
public sealed record RepositorySurvey
{
    /// <summary>Files that are looked at; a larger repository is surveyed in part, and says so.</summary>
    public const int FilesMax = 50_000;
    private const int LargestShown = 10, LanguagesShown = 8, ManifestsShown = 30;
    private const long LinesBytesMax = 2_000_000;

    private static readonly HashSet<string> SkippedFolders = new([".git", ".hydra", "node_modules", "bin", "obj", "target", "dist", "build", "vendor", ".venv", "venv", "__pycache__", "epics"], StringComparer.OrdinalIgnoreCase);

    private static readonly Dictionary<string, string> LanguageByEnding = new(StringComparer.OrdinalIgnoreCase)
    {
        [".cs"] = "C#", [".ts"] = "TypeScript", [".tsx"] = "TypeScript", [".js"] = "JavaScript", [".jsx"] = "JavaScript", [".mjs"] = "JavaScript", [".py"] = "Python", [".go"] = "Go", [".rs"] = "Rust",
        [".java"] = "Java", [".kt"] = "Kotlin", [".swift"] = "Swift", [".rb"] = "Ruby", [".php"] = "PHP", [".c"] = "C", [".h"] = "C", [".cpp"] = "C++", [".hpp"] = "C++", [".sql"] = "SQL", [".sh"] = "Shell", [".css"] = "CSS", [".html"] = "HTML",
    };

    private static readonly Dictionary<string, string> FrameworkByManifest = new(StringComparer.OrdinalIgnoreCase)
    {
        ["package.json"] = "Node.js", ["pyproject.toml"] = "Python", ["requirements.txt"] = "Python", ["go.mod"] = "Go modules", ["Cargo.toml"] = "Cargo", ["pom.xml"] = "Maven", ["build.gradle"] = "Gradle",
        ["Gemfile"] = "Bundler", ["composer.json"] = "Composer", ["Dockerfile"] = "Docker", ["docker-compose.yml"] = "Docker Compose", ["Makefile"] = "make", ["tsconfig.json"] = "TypeScript",
    };

    public IReadOnlyList<(string Language, int Files, long Lines)> Languages { get; private init; } = [];
    /// <summary>Files that say what the project is built with, and with what.</summary>
    public IReadOnlyList<(string Path, string Kind)> Manifests { get; private init; } = [];
    public IReadOnlyList<(string Path, long Lines)> Largest { get; private init; } = [];
    public int TestFiles { get; private init; }
    public int Documents { get; private init; }
    public int Files { get; private init; }
    /// <summary>There are more files than were looked at.</summary>
    public bool IsPartial { get; private init; }

    public static bool HasCode(string root) => FilesOf(root).Take(FilesMax).Any(path => LanguageByEnding.ContainsKey(Path.GetExtension(path)));

    public static RepositorySurvey Of(string root)
    {
        var paths = FilesOf(root).Take(FilesMax + 1).ToList();
        var code = paths.Take(FilesMax).Where(path => LanguageByEnding.ContainsKey(Path.GetExtension(path))).Select(path => (Path: Path.GetRelativePath(root, path).Replace('\\', '/'), Language: LanguageByEnding[Path.GetExtension(path)], Lines: LinesOf(path))).ToList();
        return new RepositorySurvey
        {
            Files = Math.Min(paths.Count, FilesMax),
            IsPartial = paths.Count > FilesMax,
            Languages = [.. code.GroupBy(file => file.Language).Select(group => (group.Key, group.Count(), group.Sum(file => file.Lines))).OrderByDescending(each => each.Item3).ThenBy(each => each.Key, StringComparer.Ordinal).Take(LanguagesShown)],
            Manifests = [.. paths.Select(path => (Path: Path.GetRelativePath(root, path).Replace('\\', '/'), Kind: KindOf(path))).Where(each => each.Kind is not null).OrderBy(each => each.Path.Count(c => c == '/')).ThenBy(each => each.Path, StringComparer.Ordinal).Take(ManifestsShown).Select(each => (each.Path, each.Kind!))],
            Largest = [.. code.OrderByDescending(file => file.Lines).ThenBy(file => file.Path, StringComparer.Ordinal).Take(LargestShown).Select(file => (file.Path, file.Lines))],
            TestFiles = code.Count(file => IsTest(file.Path)),
            Documents = paths.Count(path => Path.GetExtension(path) is ".md" or ".rst" or ".adoc"),
        };
    }

    /// <summary>The survey as the context of a brief.</summary>
    public string ToText()
    {
        if (Languages.Count == 0) return "The folder holds no code yet.";
        var lines = new List<string> { $"Existing code, {Files:#,0} files{(IsPartial ? " looked at, and there are more" : "")}: {string.Join(", ", Languages.Select(each => $"{each.Language} ({each.Files:#,0} files, {each.Lines:#,0} lines)"))}." };
        if (Manifests.Count > 0) lines.Add($"Built with {string.Join(", ", Manifests.Select(each => $"{each.Kind} ({each.Path})"))}.");
        lines.Add(TestFiles == 0 ? "No test files were found." : $"{TestFiles:#,0} test files; {Documents:#,0} documents.");
        lines.Add($"Largest files: {string.Join(", ", Largest.Select(each => $"{each.Path} ({each.Lines:#,0} lines)"))}.");
        return string.Join("\n\n", lines);
    }

    public Value ToValue() => ValueMap.Of(
        ("files", Files), ("partial", IsPartial), ("test_files", TestFiles), ("documents", Documents),
        ("languages", Value.Of(Languages.Select(each => Value.Of(ValueMap.Of(("language", each.Language), ("files", each.Files), ("lines", each.Lines)))))),
        ("manifests", Value.Of(Manifests.Select(each => Value.Of(ValueMap.Of(("path", each.Path), ("kind", each.Kind)))))),
        ("largest", Value.Of(Largest.Select(each => Value.Of(ValueMap.Of(("path", each.Path), ("lines", each.Lines)))))));

    private static bool IsTest(string path) => path.Contains("test", StringComparison.OrdinalIgnoreCase) || path.Contains("spec.", StringComparison.OrdinalIgnoreCase);

    private static string? KindOf(string path) => FrameworkByManifest.GetValueOrDefault(Path.GetFileName(path)) ?? Path.GetExtension(path) switch { ".csproj" or ".slnx" or ".sln" => ".NET", ".tf" => "Terraform", _ => null };

    private static IEnumerable<string> FilesOf(string root)
    {
        var left = new Stack<string>([root]);
        while (left.TryPop(out var folder))
        {
            string[] files, folders;
            try
            {
                (files, folders) = (Directory.GetFiles(folder), Directory.GetDirectories(folder));
            }
            catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
            {
                continue;   // a folder that may not be read is no part of what the agents may read
            }
            foreach (var file in files.Order(StringComparer.Ordinal)) yield return file;
            foreach (var inner in folders.OrderDescending(StringComparer.Ordinal))
            {
                var isLink = File.GetAttributes(inner).HasFlag(FileAttributes.ReparsePoint);
                if (!isLink && !SkippedFolders.Contains(Path.GetFileName(inner))) left.Push(inner);
            }
        }
    }

    private static long LinesOf(string path)
    {
        try
        {
            return new FileInfo(path).Length > LinesBytesMax ? 0 : File.ReadLines(path).LongCount();
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
