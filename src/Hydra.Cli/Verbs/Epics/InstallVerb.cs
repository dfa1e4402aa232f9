using Hydra.Agents.Roster;
using Hydra.Agents.Routing;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra install</c>, also <c>hydra-installer</c>: puts agents, rules and the editor's schema where people can read and change them.</summary>
internal static class InstallVerb
{
    private static readonly Option Project = Option.Switch("--project", "into the working directory; the default inside a git repository") with { Short = "-p" };
    private static readonly Option Global = Option.Switch("--global", "into ~/.hydra, for all projects of this user") with { Short = "-g" };
    private static readonly Option At = new("--path", "DIR", "into this folder");

    public static readonly Verb Verb = new("install", "", "writes agents, routing rules and the editor's schema where you can change them")
    {
        Options = [Project, Global, At, CommonOptions.Json, CommonOptions.Help],
        Notes = "A file of yours that differs is never overwritten without a copy: NAME.bak-N. Nothing is fetched from anywhere.",
        Run = static (arguments, io) => Task.FromResult(Install(arguments, io)),
    };

    private static int Install(ParsedArguments arguments, CliIo io)
    {
        if (new[] { Project, Global, At }.Count(arguments.Has) > 1) throw new UsageException("--project, --global and --path exclude each other. Choose one.");
        var root = RootOf(arguments, io, out var isGlobal);
        int written = 0, same = 0;
        var copies = new List<string>();
        foreach (var (file, text) in Files(isGlobal))
        {
            var path = Path.Combine(root, file);
            if (File.Exists(path))
            {
                if (File.ReadAllText(path) == text)
                {
                    same++;
                    continue;
                }
                var copy = CopyNameOf(path);
                File.Copy(path, copy);
                copies.Add(copy);
            }
            WholeFile.Write(path, text);
            written++;
        }
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("root", root), ("written", written), ("unchanged", same), ("backups", Value.OfTexts(copies))), indented: true));
        else
        {
            io.Out.WriteLine($"{root}: {Amounts.Count(written, "file", "files")} written, {same} unchanged");
            foreach (var copy in copies) io.Out.WriteLine($"kept your {Path.GetFileName(copy)}");
            if (isGlobal && !arguments.Has(Global)) io.Error.WriteLine("This folder is in no git repository, so the agents are there for all projects of yours. --project writes them, the routing rules and the schemas here.");
            if (!isGlobal) io.Error.WriteLine("In an editor with a YAML language server, `# yaml-language-server: $schema=rules/workflow.schema.json` on top of a workflow checks it while you type.");
        }
        return ExitCode.Done;
    }

    private static string RootOf(ParsedArguments arguments, CliIo io, out bool isGlobal)
    {
        isGlobal = arguments.Has(Global) || (!arguments.Has(Project) && !arguments.Has(At) && !IsInRepository(Path.GetFullPath(io.PathOf("."))));
        if (arguments.Get(At) is { } given) return Path.GetFullPath(io.PathOf(given));
        if (!isGlobal) return Path.GetFullPath(io.PathOf("."));
        return io.Environment("HOME") is { Length: > 0 } home ? Path.Combine(home, ".hydra") : throw new UsageException("HOME is not set, so there is no place for a user's own files. Use --project or --path DIR.");
    }

    private static bool IsInRepository(string folder)
    {
        for (var at = folder; at is not null; at = Path.GetDirectoryName(at))
        {
            if (Path.Exists(Path.Combine(at, ".git"))) return true;
        }
        return false;
    }

    /// <summary>The first free name beside a file.</summary>
    private static string CopyNameOf(string path)
    {
        for (var i = 1; ; i++)
        {
            if (!File.Exists($"{path}.bak-{i}")) return $"{path}.bak-{i}";
        }
    }

    private static IEnumerable<(string File, string Text)> Files(bool isGlobal)
    {
        foreach (var agent in BuiltInAgents.All) yield return (Path.Combine("agents", agent.Name + ".md"), agent.Text);
        if (isGlobal) yield break;
        yield return (RoutingRules.FileName, RoutingRules.BuiltInText);
        yield return (Path.Combine("rules", "workflow.schema.json"), ValueJson.ToText(Parsing.FormatSchema.Generate(Wiring.TypesForReading()), indented: true) + "\n");
        foreach (var name in (string[])["genesis.xsd", "genesis-extension.xsd"]) yield return (Path.Combine("rules", name), Resource(name));
    }

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(InstallVerb).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
