using System.Diagnostics;
using Hydra.Agents.Files;
using Hydra.Agents.Routing;
using Hydra.Agents.Tools;
using Hydra.Gateway;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra doctor</c>: what is wrong with this place, and how to mend it.</summary>
internal static class DoctorVerb
{
    private static readonly Option Runs = Option.Switch("--runs", "only the store of runs, thoroughly");
    private static readonly Option AutoFix = Option.Switch("--auto-fix", "mends what can be mended without losing anything; keeps a copy of each changed file");

    public static readonly Verb Verb = new("doctor", "", "says what is wrong and how to mend it")
    {
        Options = [Runs, AutoFix, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "Without --auto-fix changes nothing. Exit code 1: something is wrong.",
        Run = static (arguments, io) => Task.FromResult(arguments.Has(Runs) ? StoreExamination.Examine(arguments, io) : Examine(arguments, io)),
    };

    /// <param name="Fix">Mends it; null: only a person can.</param>
    private sealed record Finding(string Area, bool IsError, string Problem, string Mend, Func<string>? Fix = null);

    private static int Examine(ParsedArguments arguments, CliIo io)
    {
        var checks = new (string Area, Func<IEnumerable<Finding>> Look)[]
        {
            ("environment", () => Environment(io)), ("keys", () => Keys(io)), ("git", () => Git(io)), ("agents", () => Agents(io)),
            ("routing", () => Routing(io)), ("epics", () => EpicsOf(io)), ("runs", () => Store(arguments, io)),
        };
        var json = new List<Value>();
        var errors = 0;
        foreach (var (area, look) in checks)
        {
            var found = look().ToList();
            if (found.Count == 0 && !arguments.Has(CommonOptions.Json)) io.Out.WriteLine($"✓ {area}");
            foreach (var each in found)
            {
                var mended = arguments.Has(AutoFix) && each.Fix is not null ? each.Fix() : null;
                if (each.IsError && mended is null) errors++;
                json.Add(ValueMap.Of(("area", area), ("severity", each.IsError ? "error" : "note"), ("problem", each.Problem), ("mend", each.Mend), ("fixable", each.Fix is not null), ("fixed", mended is null ? Value.Null : Value.Of(mended))));
                if (arguments.Has(CommonOptions.Json)) continue;
                io.Out.WriteLine($"{(mended is not null ? "✓" : each.IsError ? "✗" : "·")} {area}: {TerminalText.Of(each.Problem)}");
                io.Out.WriteLine($"    → {TerminalText.Of(mended ?? each.Mend + (each.Fix is not null ? " (--auto-fix does it)" : ""))}");
            }
        }
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("ok", errors == 0), ("findings", Value.Of(json))), indented: true));
        return errors == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static IEnumerable<Finding> Environment(CliIo io)
    {
        var folder = Path.GetFullPath(io.PathOf("."));
        var probe = Path.Combine(folder, $".hydra-probe-{Guid.NewGuid():N}");
        var wrong = "";
        try
        {
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            wrong = failed.Message;
        }
        if (wrong.Length > 0) yield return new("environment", true, $"the working directory cannot be written: {wrong}", "Change its rights, or work in another folder.");
    }

    private static IEnumerable<Finding> Keys(CliIo io)
    {
        var problems = GatewayOptions.FromEnvironment(io.Environment).Check();
        foreach (var problem in problems) yield return new("keys", true, problem, "Correct the environment variable it names.");
        if (problems.Count > 0) yield break;
        using var gateway = Wiring.OpenGateway(null, io);
        if (gateway.IsOfflineByDefault) yield return new("keys", false, "no model is configured: the built-in offline model answers", "Set OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, OLLAMA_HOST or HYDRA_GATEWAY_URL.");
        else
        {
            foreach (var tier in AgentFields.Tiers.Where(tier => io.Environment("HYDRA_GATEWAY_CONFIG") is null or ""))
            {
                var wrong = "";
                try
                {
                    gateway.Resolve(ModelTiers.ModelOf(tier, io));
                }
                catch (ModelUnavailableException nobody)
                {
                    wrong = nobody.Message;
                }
                if (wrong.Length > 0) yield return new("keys", true, $"nobody answers for the tier '{tier}': {wrong}", $"Set HYDRA_MODEL_{tier.ToUpperInvariant()} to a model of a provider that is configured.");
            }
        }
    }

    private static IEnumerable<Finding> Git(CliIo io)
    {
        if (GitText(io, "--version") is null)
        {
            yield return new("git", false, "git is not installed", "Install it to have tasks work on code in worktrees of their own.");
            yield break;
        }
        if (GitText(io, "rev-parse", "--is-inside-work-tree")?.Trim() != "true") yield return new("git", false, "this is no git repository", "`git init`, if tasks are to work on code here.");
        else if (GitText(io, "check-ignore", "-q", CommonOptions.RunsDirByDefault) is null)
        {
            yield return new("git", false, $"{CommonOptions.RunsDirByDefault}/ is not ignored, so runs would be committed", $"Add '{CommonOptions.RunsDirByDefault}/' to .gitignore.", () =>
            {
                File.AppendAllText(io.PathOf(".gitignore"), $"{(File.Exists(io.PathOf(".gitignore")) && !File.ReadAllText(io.PathOf(".gitignore")).EndsWith('\n') ? "\n" : "")}{CommonOptions.RunsDirByDefault}/\n");
                return $"added '{CommonOptions.RunsDirByDefault}/' to .gitignore";
            });
        }
    }

    private static IEnumerable<Finding> Agents(CliIo io)
    {
        var registry = Wiring.AgentsFor(null, io);
        foreach (var each in registry.All().Where(each => each.Folder.Origin != "built in"))
        {
            if (each.Agent is { } agent)
            {
                AgentLint.Check(agent, new ToolRegistry(), each.Problems);
                registry.EscalationOf(agent, each.Problems);
            }
            foreach (var problem in each.Problems.Problems.Where(problem => problem.Severity == ProblemSeverity.Error)) yield return new("agents", true, problem.ToString(), $"Correct {Path.GetFileName(each.Path)}; `hydra agents lint` checks again.");
        }
    }

    private static IEnumerable<Finding> Routing(CliIo io)
    {
        var path = io.PathOf(RoutingRules.FileName);
        if (!File.Exists(path)) yield break;
        var problems = new ProblemList(RoutingRules.FileName);
        var rules = RoutingRules.Read(File.ReadAllText(path), problems);
        foreach (var problem in problems.Problems) yield return new("routing", problem.Severity == ProblemSeverity.Error, problem.ToString(), "Correct it; docs/lifecycle.md shows a whole file.");
        var registry = Wiring.AgentsFor(null, io);
        foreach (var agent in rules?.Agents.Where(agent => registry.Get(agent) is null) ?? []) yield return new("routing", true, $"{RoutingRules.FileName} names the agent '{agent}', whom nobody knows", $"Correct the name, or write agents/{agent}.md.");
    }

    private static IEnumerable<Finding> EpicsOf(CliIo io)
    {
        var root = io.PathOf(Epics.Folder);
        if (!Directory.Exists(root)) yield break;
        foreach (var folder in Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal))
        {
            var epic = Path.GetFileName(folder);
            if (!Epics.IsName(epic)) yield return new("epics", true, $"'{epic}' is no name of an epic", "Rename the folder: letters, digits, '_', '-' and '.'.");
            foreach (var left in Directory.EnumerateFiles(folder, "*.part").Where(file => DateTime.UtcNow - File.GetLastWriteTimeUtc(file) > TimeSpan.FromHours(1)).ToList())
            {
                yield return new("epics", false, $"{epic}: '{Path.GetFileName(left)}' is left of an interrupted write", "Remove it.", () =>
                {
                    File.Delete(left);
                    return "removed";
                });
            }
            var path = Path.Combine(folder, Epics.Blueprint);
            if (!File.Exists(path)) continue;
            var read = WorkflowReading.Read(path, null, isStrict: false, Wiring.TypesForReading(), Wiring.AgentsFor(path, io));
            foreach (var problem in read.Problems.Problems.Where(problem => problem.Severity == ProblemSeverity.Error)) yield return new("epics", true, $"{epic}: {problem}", $"Correct it by hand, or plan anew: hydra plan {epic} --force.");
            if (!read.Problems.HasErrors && read.Problems.Problems.Any(problem => problem.Code == ProblemCodes.GenesisRepaired))
            {
                yield return new("epics", false, $"{epic}: the blueprint is in a broken dialect and is read with repairs", $"Write it whole: hydra graph {epic} --format genesis.", () =>
                {
                    File.Copy(path, path + ".bak", overwrite: true);
                    var (plain, _) = Parsing.WorkflowParser.ParseFile(path, Wiring.TypesForReading());
                    WholeFile.Write(path, Parsing.Genesis.GenesisWriter.Write(plain!, io.Clock.GetUtcNow()));
                    return $"written whole; the old one is {Epics.Blueprint}.bak";
                });
            }
        }
    }

    private static IEnumerable<Finding> Store(ParsedArguments arguments, CliIo io)
    {
        if (!SqliteRunStore.Exists(Wiring.RunsDirOf(arguments, io))) yield break;
        var found = new List<Finding>();
        try
        {
            using var store = Wiring.OpenExisting(arguments, io);
            found.AddRange(store.Check(null, run => RunReading.WhatIsLeftOf(store, run)).Findings.Select(each => new Finding("runs", true, $"{(each.Run is { } run ? $"{run}: " : "")}{each.Problem}", each.Mend)));
        }
        catch (StoreException damaged)
        {
            found.Add(new("runs", true, damaged.Message, "hydra doctor --runs says what can be saved."));
        }
        foreach (var each in found) yield return each;
    }

    private static string? GitText(CliIo io, params string[] words)
    {
        try
        {
            var start = new ProcessStartInfo("git") { WorkingDirectory = Path.GetFullPath(io.PathOf(".")), RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            foreach (var word in words) start.ArgumentList.Add(word);
            using var process = Process.Start(start)!;
            _ = process.StandardError.ReadToEndAsync();
            var text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? text : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;   // not installed
        }
    }
}
