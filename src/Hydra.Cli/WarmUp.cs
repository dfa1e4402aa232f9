using Hydra.Model;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Cli;

/// <summary>
/// Most of a short command's time is the loading of types and methods. Checking a made-up workflow on a second core
/// loads those of binding, templates and validation while the first core still loads those of reading.
/// </summary>
internal static class WarmUp
{
    /// <summary>Returns at once; nothing waits for the end, and the process ends without it.</summary>
    public static void Begin()
    {
        if (Environment.ProcessorCount > 1) new Thread(static () => Check()) { IsBackground = true }.Start();
    }

    /// <returns>The problems of the made-up workflow: none.</returns>
    internal static ProblemList Check()
    {
        var types = Wiring.TypesForReading();
        var problems = new ProblemList("");
        var spec = SpecBinder.Bind(Workflow(), types, problems);
        if (spec is null) return problems;
        foreach (var problem in WorkflowValidator.Check(spec, types, new ValidationOptions()).Problems) problems.Add(problem);
        ValidateText.Of(spec);
        return problems;
    }

    /// <remarks>As a tree, not as values: turning one into the other would compile code that reading a file does not need.</remarks>
    private static SourceNode Workflow() => Map(
        ("name", Text("warm_up")),
        ("inputs", Map(("topic", Map(("type", Text("string")))))),
        ("nodes", List(
            Map(("id", Text("first")), ("type", Text("agent")), ("model", Text("offline")), ("prompt", Text("On {{ topic }}"))),
            Map(("id", Text("last")), ("type", Text("agent")), ("model", Text("offline")), ("depends_on", List(Text("first"))), ("prompt", Text("Of {{ first }}"))))));

    private static SourceNode Text(string text) => new(Value.Of(text), SourcePosition.None);
    private static SourceNode List(params SourceNode[] items) => new(items, SourcePosition.None);
    private static SourceNode Map(params (string Key, SourceNode Value)[] entries)
    {
        var tree = new SourceEntry[entries.Length];
        for (var i = 0; i < tree.Length; i++) tree[i] = new(entries[i].Key, SourcePosition.None, entries[i].Value);
        return new(tree, SourcePosition.None);
    }
}
