using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary>All about one node of a run: what it was asked, what came of it.</summary>
internal static class NodeText
{
    public static void Write(RunState state, NodeTrace node, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(ToJson(node, store).With("waits", WaitText.ToJson(state, node.Instance, store, io)), indented: true));
            return;
        }
        io.Out.WriteLine($"{TerminalText.Of(node.Path)}  {node.Type}  {WireNames.Of(node.Status)}{(node.Because is { } because ? $" ({because})" : "")}");
        if (Chosen(node) is { } chosen) io.Out.WriteLine($"agent: {TerminalText.Of(chosen)}");
        if (node.Error is { } error) io.Out.WriteLine($"error: {error.Code}: {TerminalText.Block(error.Message)}");
        foreach (var attempt in node.Attempts.Where(attempt => attempt.IsOverdue)) io.Out.WriteLine($"attempt {attempt.Number} ran for more than 150 % of estimate_seconds");
        foreach (var step in Steps(node))
        {
            var result = step.Result;
            io.Out.WriteLine($"\n── {WireNames.Of(step.Call.Kind)} {TerminalText.Of(step.Call.Name)}");
            if (step.Asked.Request(store.Artifacts.Read) is { } request) io.Out.WriteLine($"asked{LabelsOf(step.Call.Request)}:\n{Asked(request)}");
            if (result is null) io.Out.WriteLine("no answer yet");
            else if (result.Error is { } failed) io.Out.WriteLine($"failed: {failed.Code}: {TerminalText.Block(failed.Message)}");
            else if (result.Response is { } response) io.Out.WriteLine($"answered ({Amounts.Tokens(result.Usage.Total)}, {Amounts.Usd(result.Cost)}, {Amounts.Duration(result.DurationMs)}){LabelsOf(response)}:\n{Text(response, store)}");
        }
        WaitText.WriteOf(state, node.Instance, store, arguments, io);
        if (node.Output is { } output) io.Out.WriteLine($"\n── output{LabelsOf(output)}\n{Text(output, store)}");
    }

    /// <summary>Who does it, why, and who took over; null where no agent does it.</summary>
    private static string? Chosen(NodeTrace node)
    {
        if (node.Node.Spec.Fields.GetOrNull("agent").TextOrNull is not { } agent) return null;
        var why = node.Node.Settings.Tags?.GetValueOrDefault("chosen");
        var model = node.ModelAnswered ?? node.ModelAsked;
        return $"{agent}{(why is null ? "" : $" ({why})")}{(model is null ? "" : $", model {model}")}{(node.Variant.Kind == VariantKind.Written ? "" : $"; '{node.Variant.Name}' took over after {node.AttemptCount - 1} attempts")}";
    }

    private static IEnumerable<StepTrace> Steps(NodeTrace node) => node.Attempts.SelectMany(attempt => attempt.Steps);

    /// <summary>Messages as <c>role: text</c>; anything else as it is.</summary>
    private static string Asked(Value request)
    {
        if (!request.IsList) return TerminalText.Block(request.ToDisplayText());
        return TerminalText.Block(string.Join('\n', request.Items.Select(message =>
            message.IsObject && message.AsObject.GetOrNull("role").TextOrNull is { } role ? $"{role}: {message.AsObject.GetOrNull("content").ToDisplayText()}" : message.ToDisplayText())));
    }

    private static string LabelsOf(ValueRef? reference) => reference is { Labels.IsNone: false } ? $" [{TerminalText.Of(reference.Labels.ToString())}]" : "";

    private static string Text(ValueRef reference, IRunStore store) => TerminalText.Block(store.Artifacts.Read(reference).ToDisplayText());

    private static ValueMap ToJson(NodeTrace node, IRunStore store) => ValueMap.Of(
        ("path", node.Path), ("type", node.Type), ("status", WireNames.Of(node.Status)), ("attempts", node.AttemptCount), ("overdue", node.Attempts.Any(attempt => attempt.IsOverdue)),
        ("agent", Chosen(node) is { } chosen ? Value.Of(chosen) : Value.Null),
        ("error", node.Error is { } error ? ValueMap.Of(("code", error.Code.Name), ("message", error.Message)) : Value.Null),
        ("calls", Value.Of(Steps(node).Select(step => Value.Of(ValueMap.Of(
            ("kind", WireNames.Of(step.Call.Kind)), ("name", step.Call.Name),
            ("request", step.Asked.Request(store.Artifacts.Read) ?? Value.Null),
            ("response", step.Result?.Response is { } response ? store.Artifacts.Read(response) : Value.Null),
            ("labels", (step.Result?.Response?.Labels ?? step.Call.Request?.Labels ?? default).ToString())))))),
        ("output", node.Output is { } output ? store.Artifacts.Read(output) : Value.Null), ("labels", (node.Output?.Labels ?? default).ToString()));
}
