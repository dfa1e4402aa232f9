using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra diff RUN RUN</c>: what differs between two runs.</summary>
internal static class DiffVerb
{
    private static readonly Option UsesExitCode = Option.Switch("--exit-code", "1 when the runs differ in definition, inputs, prompts, outputs or statuses");

    public static readonly Verb Verb = new("diff", "RUN RUN", "says what differs between two runs")
    {
        PositionalsMin = 2,
        PositionalsMax = 2,
        Options = [UsesExitCode, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Help],
        Notes = "Lines that begin with - are those of the first run, + those of the second. Time and cost alone are no difference.",
        Run = static (arguments, io) => Task.FromResult(Diff(arguments, io)),
    };

    private static int Diff(ParsedArguments arguments, CliIo io)
    {
        using var store = Wiring.OpenExisting(arguments, io);
        var diff = RunDiff.Of(store, Wiring.FindRun(store, arguments.Positionals[0]).Run, Wiring.FindRun(store, arguments.Positionals[1]).Run);
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ToJson(diff), indented: true));
        else Print(diff, io);
        return arguments.Has(UsesExitCode) && !diff.AreEqual ? ExitCode.Failed : ExitCode.Done;
    }

    private static void Print(RunDiff diff, CliIo io)
    {
        io.Out.WriteLine($"- {Head(diff.Left)}");
        io.Out.WriteLine($"+ {Head(diff.Right)}");
        if (!diff.Definition.IsEmpty) io.Out.WriteLine($"\ndefinition\n{Indented(diff.Definition.ToString())}");
        if (!diff.AreInputsEqual) io.Out.WriteLine($"\ninputs\n{Indented(Changes.TextDiff.Of(ValueJson.ToText(diff.LeftInputs, indented: true), ValueJson.ToText(diff.RightInputs, indented: true)))}");
        var same = 0;
        foreach (var node in diff.Nodes)
        {
            if (!node.Differs)
            {
                same++;
                continue;
            }
            io.Out.WriteLine($"\n{TerminalText.Of(node.Path)}  {Sides(node)}");
            if (node.Prompts.Length > 0) io.Out.WriteLine($"  prompt\n{Indented(node.Prompts)}");
            if (node.Output.Length > 0) io.Out.WriteLine($"  output\n{Indented(node.Output)}");
        }
        if (diff.AreEqual) io.Out.WriteLine("\nthe runs are equal");
        else if (same > 0) io.Out.WriteLine($"\n{Amounts.Count(same, "node is", "nodes are")} equal");
    }

    private static string Head(RunTrace run) =>
        $"{run.Run}  {TerminalText.Of(run.Workflow)}  {WireNames.Of(run.Status)}  {Amounts.Tokens(run.Spent.Tokens.Total)}, {Amounts.Usd(run.Spent.Usd)}, {Amounts.Duration(run.EndedMs ?? run.LastMs)}";

    private static string Sides(NodeDiff node)
    {
        if (node.Left is null) return $"only in the second: {Side(node.Right!)}";
        if (node.Right is null) return $"only in the first: {Side(node.Left)}";
        return node.HasSameStatus && node.Left.Spent == node.Right.Spent ? Side(node.Left) : $"{Side(node.Left)} → {Side(node.Right)}";
    }

    private static string Side(NodeTrace node) =>
        $"{WireNames.Of(node.Status)}{(node.Error is { } error ? $" {error.Code}" : "")}, {Amounts.Tokens(node.Spent.Tokens.Total)}, {Amounts.Usd(node.Spent.Usd)}";

    private static string Indented(string text) => TerminalText.Block(string.Join('\n', text.TrimEnd('\n').Split('\n').Select(line => "    " + line)));

    private static ValueMap ToJson(RunDiff diff) => ValueMap.Of(
        ("equal", diff.AreEqual), ("left", Run(diff.Left)), ("right", Run(diff.Right)), ("definition", ChangeJson.Of(diff.Definition)),
        ("inputs", diff.AreInputsEqual ? Value.Null : ValueMap.Of(("left", diff.LeftInputs), ("right", diff.RightInputs))),
        ("nodes", Value.Of(diff.Nodes.Select(node => Value.Of(ValueMap.Of(
            ("path", node.Path), ("differs", node.Differs), ("left", Node(node.Left)), ("right", Node(node.Right)), ("prompt_diff", node.Prompts), ("output_diff", node.Output)))))));

    private static Value Run(RunTrace run) => ValueMap.Of(
        ("run_id", run.Run), ("workflow", run.Workflow), ("definition", run.DefinitionHash), ("status", WireNames.Of(run.Status)),
        ("usd", (double)run.Spent.Usd.Usd), ("tokens", run.Spent.Tokens.Total), ("took_ms", run.EndedMs ?? run.LastMs));

    private static Value Node(NodeTrace? node) => node is null ? Value.Null : ValueMap.Of(
        ("status", WireNames.Of(node.Status)), ("error", node.Error is { } error ? Value.Of(error.Code.Name) : Value.Null), ("usd", (double)node.Spent.Usd.Usd), ("tokens", node.Spent.Tokens.Total),
        ("took_ms", node is { StartedMs: { } began, EndedMs: { } ended } ? Value.Of(ended - began) : Value.Null), ("inherited_from", node.InheritedFrom is { } origin ? Value.Of(origin) : Value.Null));
}
