using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Validation;

/// <summary>The parts of the file around its nodes: inputs, models, outputs, budget.</summary>
internal static class WorkflowCheck
{
    public static void Check(WorkflowSpec spec, ValidationOptions options, ProblemList problems)
    {
        if (spec.Defaults.Fallback?.Plan is not null)
            problems.Error(ProblemCodes.FieldConflict, spec.Places.GetValueOrDefault("defaults"), "`defaults` have a `fallback.plan`, and each plan is of one node. Put it on the nodes that need it.");
        CheckInputs(spec, problems);
        CheckModels(spec, options, problems);
        CheckOutputs(spec, problems);
        BudgetCheck.Check(spec.Budget, null, spec.Places.GetValueOrDefault("budget"), "the workflow", problems);
    }

    private static void CheckInputs(WorkflowSpec spec, ProblemList problems)
    {
        if (spec.Inputs is null) return;
        var ids = spec.Nodes.Select(node => node.Id.Text).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, input) in spec.Inputs)
        {
            if (ReservedNames.Contains(name)) problems.Error(ProblemCodes.ReservedName, input.At, $"the input '{name}' is reserved for templates. Choose another name.");
            else if (ids.Contains(name)) problems.Error(ProblemCodes.ReservedName, input.At, $"the input '{name}' has the name of a node. Rename one of them.");
            if (!NodeId.IsValid(name) || name.Contains('-')) problems.Error(ProblemCodes.BadId, input.At, $"the input '{name}' is no variable name. Use letters, digits and '_', not beginning with a digit.");
            if (input.Schema is { } schema && SchemaCheck.Compile(schema, input.At, $"the schema of input '{name}'", problems) is { } compiled
                && input.Default is { IsNull: false } fits && !compiled.IsValid(fits))
                problems.Error(ProblemCodes.BadDefault, input.At, $"the default of input '{name}' does not fit its own schema. Correct one of them.");
            if (input.Default is { IsNull: false } value && !InputTypes.Fits(input.Type, value))
                problems.Error(ProblemCodes.BadDefault, input.At, $"the default of input '{name}' is {value.ToJson()}, and its type is {InputTypes.NameOf(input.Type)}. Correct one of them.");
        }
    }

    private static void CheckModels(WorkflowSpec spec, ValidationOptions options, ProblemList problems)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (alias, target) in spec.Models)
        {
            foreach (var fallback in target.Fallbacks.Where(fallback => fallback == alias))
                problems.Error(ProblemCodes.AliasCycle, target.At, $"the alias '{alias}' falls back to itself. Remove '{fallback}' from its fallbacks.");
            if (FindCycle(spec, alias) is { } path && done.Add(path.Min(StringComparer.Ordinal)!))
            {
                problems.Error(ProblemCodes.AliasCycle, target.At, $"model aliases lead round in a circle: {string.Join(" → ", path)} → {path[0]}. Let one of them name a model.");
            }
            if (options.Models is null) continue;
            foreach (var model in target.Fallbacks.Prepend(target.Model).Where(model => !spec.Models.ContainsKey(model))) ModelCheck.Resolve(options.Models, model, target.At, $"the alias '{alias}'", problems);
        }
    }

    private static List<string>? FindCycle(WorkflowSpec spec, string start)
    {
        var path = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = start; spec.Models.TryGetValue(at, out var target); at = target.Model)
        {
            if (!seen.Add(at)) return path[path.IndexOf(at)..];
            path.Add(at);
        }
        return null;
    }

    private static void CheckOutputs(WorkflowSpec spec, ProblemList problems)
    {
        var ids = spec.Nodes.Select(node => node.Id.Text).ToHashSet(StringComparer.Ordinal);
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var output in spec.Outputs)
        {
            if (!ids.Contains(output.Node.Text))
                problems.Error(ProblemCodes.UnknownOutputNode, output.NodeAt, $"the output file '{output.Path}' wants the node '{output.Node}', which this graph does not define.{DidYouMean.Hint(output.Node.Text, ids)} Correct the id.");
            if (PathTrouble(output.Path) is { } trouble)
                problems.Error(ProblemCodes.BadOutputPath, output.At, $"the output file '{output.Path}' {trouble}. Write a path below the working directory, such as 'out/report.md'.");
            else if (!paths.TryAdd(Normal(output.Path), output.Path))
                problems.Error(ProblemCodes.BadOutputPath, output.At, $"the output files '{paths[Normal(output.Path)]}' and '{output.Path}' are one file. Give each a path of its own.");
        }
    }

    private static string Normal(string path) => string.Join('/', path.Split('/').Where(part => part is not ("" or ".")));

    private static string? PathTrouble(string path)
    {
        if (string.IsNullOrWhiteSpace(path)) return "has no name";
        if (path.StartsWith('/') || path.StartsWith('~') || (path.Length > 1 && path[1] == ':')) return "is an absolute path";
        if (path.Contains('\\')) return "holds a backslash";
        if (path.Contains("{{", StringComparison.Ordinal)) return "is a template, and paths are taken literally";
        if (path.Any(char.IsControl)) return "holds a control character";
        var parts = path.Split('/');
        if (parts.Contains("..")) return "leads out of the working directory";
        if (parts[^1] is "" or ".") return "names a folder";
        return parts[0] == ".hydra" ? "lies in the folder of runs" : null;
    }
}
