using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Agents.Testing;

/// <summary>Reads tests of workflows: a YAML file with <c>workflow</c> and a list of <c>tests</c>. Unknown keys are errors.</summary>
public static class TestFile
{
    /// <summary>Throws <see cref="FormatException"/> with all that is wrong with the file, and <see cref="IOException"/>.</summary>
    public static IReadOnlyList<WorkflowTest> Read(string path)
    {
        var problems = new ProblemList(path);
        var root = YamlReader.Read(File.ReadAllText(path), problems);
        if (problems.HasErrors || root is null) throw new FormatException(string.Join('\n', problems.Problems));
        var file = ObjectOf(root.ToValue(), path, "workflow", "tests");
        var workflow = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, TextOf(file, "workflow", path));
        return [.. ListOf(file, "tests", path).Select((test, i) => TestOf(test, workflow, $"{path}: test {i + 1}"))];
    }

    private static WorkflowTest TestOf(Value value, string workflow, string where)
    {
        var test = ObjectOf(value, where, "name", "inputs", "script", "tools", "sandbox", "expect");
        return new WorkflowTest
        {
            Name = TextOf(test, "name", where),
            Workflow = workflow,
            Inputs = MapOf(test, "inputs", where),
            Script = [.. ListOf(test, "script", where).Select((line, i) => LineOf(line, $"{where}, script line {i + 1}"))],
            Tools = [.. MapOf(test, "tools", where).Select(tool => ToolOf(tool.Key, tool.Value, where))],
            Sandbox = test.GetOrNull("sandbox").TextOrNull,
            Expect = ExpectationOf(test.GetOrNull("expect"), where),
        };
    }

    private static ScriptLine LineOf(Value value, string where)
    {
        var line = ObjectOf(value, where, "model", "contains", "matches", "answer", "tool", "arguments", "fail", "times");
        return new ScriptLine
        {
            Model = line.GetOrNull("model").TextOrNull,
            Contains = line.GetOrNull("contains").TextOrNull,
            Matches = line.GetOrNull("matches").TextOrNull,
            Answer = line.GetOrNull("answer"),
            Tool = line.GetOrNull("tool").TextOrNull,
            Arguments = MapOf(line, "arguments", where),
            Fail = CodeOf(line, where),
            Times = line.GetOrNull("times") is { Kind: ValueKind.Integer } times ? (int)times.AsInteger : null,
        };
    }

    private static ScriptedTool ToolOf(string name, Value value, string where)
    {
        var tool = ObjectOf(value, $"{where}, tool '{name}'", "answer", "fail");
        return new ScriptedTool(name, tool.GetOrNull("answer"), CodeOf(tool, where));
    }

    private static Expectation ExpectationOf(Value value, string where)
    {
        if (value.IsNull) return new Expectation();
        var expect = ObjectOf(value, $"{where}, `expect`", "status", "reason", "outputs", "nodes", "absent", "asked", "calls_max");
        var nodes = MapOf(expect, "nodes", where);
        foreach (var (path, node) in nodes) ObjectOf(node, $"{where}, node '{path}'", "status", "output", "error", "signal");
        return new Expectation
        {
            Status = expect.GetOrNull("status").TextOrNull ?? "completed",
            Reason = expect.GetOrNull("reason").TextOrNull,
            Outputs = MapOf(expect, "outputs", where),
            Nodes = nodes,
            Absent = [.. ListOf(expect, "absent", where).Select(item => item.ToDisplayText())],
            Asked = [.. ListOf(expect, "asked", where).Select(item => item.ToDisplayText())],
            CallsMax = expect.GetOrNull("calls_max") is { Kind: ValueKind.Integer } most ? (int)most.AsInteger : null,
        };
    }

    private static ErrorCode? CodeOf(ValueMap map, string where)
    {
        if (map.GetOrNull("fail").TextOrNull is not { } name) return null;
        return ErrorCode.TryParse(name, out var code) ? code
            : throw new FormatException($"{where}: `fail` names '{name}', which is no error code.{DidYouMean.Hint(name, ErrorCode.All.Select(known => known.Name))} Write one of {string.Join(", ", ErrorCode.All.Select(known => known.Name))}.");
    }

    private static ValueMap ObjectOf(Value value, string where, params string[] known)
    {
        if (!value.IsObject) throw new FormatException($"{where}: this is no map. Write 'key: value' lines with {string.Join(", ", known)}.");
        if (value.AsObject.Keys.FirstOrDefault(key => !known.Contains(key)) is { } key)
            throw new FormatException($"{where}: there is no key '{key}' here.{DidYouMean.Hint(key, known)} Write one of {string.Join(", ", known)}.");
        return value.AsObject;
    }

    private static ValueMap MapOf(ValueMap map, string key, string where) => map.GetOrNull(key) switch
    {
        { IsNull: true } => ValueMap.Empty,
        { IsObject: true } value => value.AsObject,
        _ => throw new FormatException($"{where}: `{key}` is no map. Write 'name: value' lines."),
    };

    private static IReadOnlyList<Value> ListOf(ValueMap map, string key, string where) => map.GetOrNull(key) switch
    {
        { IsNull: true } => [],
        { IsList: true } value => value.Items,
        _ => throw new FormatException($"{where}: `{key}` is no list. Write '- …' lines."),
    };

    private static string TextOf(ValueMap map, string key, string where) =>
        map.GetOrNull(key).TextOrNull ?? throw new FormatException($"{where}: `{key}` is missing. Add '{key}: …'.");
}
