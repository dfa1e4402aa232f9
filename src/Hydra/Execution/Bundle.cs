using Hydra.Model;

namespace Hydra.Execution;

/// <summary>All that a run is pinned to, kept as one artifact when it starts: a changed file reaches new runs only.</summary>
public sealed record Bundle
{
    public required WorkflowSpec Workflow { get; init; }
    public required Value Value { get; init; }

    private ValueMap Map => Value.AsObject;
    public ValueMap Inputs => Map["inputs"].AsObject;
    public ValueMap Options => Map["options"].AsObject;
    public IReadOnlyDictionary<string, string> Tags => Map["tags"].AsObject.ToDictionary(tag => tag.Key, tag => tag.Value.AsText, StringComparer.Ordinal);

    /// <summary>The recorded run whose calls this one was started to replay; null: it makes its own.</summary>
    public string? Replays => Map.GetOrNull("replays").TextOrNull;

    public static Bundle Of(WorkflowSpec workflow, RunRequest request, DateTimeOffset now)
    {
        var tags = new ValueMap.Builder();
        foreach (var (key, value) in workflow.Tags) tags[key] = value;
        foreach (var (key, value) in request.Tags) tags[key] = value;
        var files = new ValueMap.Builder();
        AddFiles(workflow, files);
        return new Bundle
        {
            Workflow = workflow,
            Value = ValueMap.Of(
                ("version", 1), ("file", workflow.File), ("workflow", workflow.Written), ("files", files.Build()),
                ("inputs", request.Inputs), ("now", request.Cassette?.Head.Now ?? now.ToString("yyyy-MM-ddTHH:mm:ss.fffZ")), ("tags", tags.Build()), ("options", request.Options),
                ("working_directory", Path.GetFullPath(request.WorkingDirectory)), ("sandbox", request.Sandbox is { } sandbox ? Value.Of(sandbox) : Value.Null), ("dry", request.IsDryRun), ("reuse", request.Reuse),
                ("replays", request.Cassette is { } cassette ? Value.Of(cassette.Head.Run.Text) : Value.Null)),
        };
    }

    public static Bundle Read(Value value, Func<Value, string, ValueMap, WorkflowSpec> readDefinition)
    {
        var map = value.AsObject;
        return new Bundle { Value = value, Workflow = readDefinition(map["workflow"], map["file"].AsText, map["files"].AsObject) };
    }

    /// <summary>This bundle with another definition: what a fork of the run is pinned to.</summary>
    public Bundle With(WorkflowSpec workflow, ValueMap? inputs) => new()
    {
        Workflow = workflow,
        Value = Map.With("file", workflow.File).With("workflow", workflow.Written).With("files", FilesOf(workflow)).With("inputs", inputs ?? Inputs),
    };

    /// <summary>The sub-workflows that a workflow names, by path.</summary>
    public static ValueMap FilesOf(WorkflowSpec workflow)
    {
        var files = new ValueMap.Builder();
        AddFiles(workflow, files);
        return files.Build();
    }

    /// <summary>A resume's request with what the run was started with where the request says nothing.</summary>
    internal RunRequest Complete(RunRequest request) => request with
    {
        Inputs = Inputs,
        Sandbox = request.Sandbox ?? Map["sandbox"].TextOrNull,
        WorkingDirectory = Map["working_directory"].AsText,
        IsDryRun = Map["dry"].AsBoolean,
        Reuse = request.Reuse || Map.GetOrNull("reuse") is { Kind: ValueKind.Boolean, AsBoolean: true },
    };

    internal RunInputs InputsOf(RunId run, Func<string, string?> environment)
    {
        var allowed = new ValueMap.Builder();
        foreach (var name in Workflow.AllowEnv)
        {
            if (environment(name) is { } text) allowed[name] = text;
        }
        return new RunInputs
        {
            Values = Inputs,
            Run = ValueMap.Of(("id", Replays ?? run.Text), ("name", Workflow.Name), ("tags", Map["tags"])),
            Now = Map["now"],
            Environment = allowed.Build(),
        };
    }

    private static void AddFiles(WorkflowSpec workflow, ValueMap.Builder files)
    {
        foreach (var linked in workflow.LinkedTools.Values) AddFile(linked, files);
        var open = new Stack<NodeSpec>(workflow.Nodes);
        while (open.TryPop(out var node))
        {
            foreach (var child in node.Children.Values.SelectMany(children => children)) open.Push(child);
            if (node.Linked is { } linked) AddFile(linked, files);
        }
    }

    private static void AddFile(WorkflowSpec linked, ValueMap.Builder files)
    {
        if (files.Contains(linked.File)) return;
        files[linked.File] = linked.Written;
        AddFiles(linked, files);
    }
}

internal static class RunLimitsOf
{
    private const int DefaultMaxConcurrent = 10;

    public static RunLimits New(WorkflowSpec workflow, RunRequest request) =>
        new(request.MaxConcurrent ?? DefaultMaxConcurrent, request.Rpm, request.Tpm, Over(workflow.Budget, request.Budget));

    public static RunLimits Resumed(RunLimits known, RunRequest request)
    {
        var budget = Over(known.Budget, request.Budget);
        if (request.AddUsd.Amount != 0 && budget?.MaxUsd is null) throw NothingToAddTo("dollars", "max_usd", "--add-budget-usd");
        if (request.AddTokens != 0 && budget?.MaxTokens is null) throw NothingToAddTo("tokens", "max_tokens", "--add-budget-tokens");
        if (budget?.MaxTokens is { } tokens && request.AddTokens != 0) budget = budget with { MaxTokens = tokens + request.AddTokens };
        if (budget?.MaxUsd is { } usd && request.AddUsd.Amount != 0) budget = budget with { MaxUsd = usd + request.AddUsd };
        return new(request.MaxConcurrent ?? known.MaxConcurrent, request.Rpm ?? known.Rpm, request.Tpm ?? known.Tpm, budget);
    }

    private static RunRefusedException NothingToAddTo(string what, string limit, string option) =>
        new($"The run itself has no limit in {what} ({limit}), so there is nothing that {option} could add to. Every other limit, and one of a node, is raised in the file: `hydra migrate RUN FILE`.");

    private static BudgetSpec? Over(BudgetSpec? file, BudgetSpec? asked)
    {
        if (asked is null) return file;
        if (file is null) return asked;
        return file with { MaxTokens = asked.MaxTokens ?? file.MaxTokens, MaxUsd = asked.MaxUsd ?? file.MaxUsd };
    }
}

/// <summary>Foreign code runs only where the caller said how it is confined.</summary>
internal static class Sandbox
{
    /// <param name="whyNot">Why a sandbox cannot be used here, in words; null: it can.</param>
    public static void Check(Plan plan, string? sandbox, bool callsNobody, Func<string, string?> whyNot)
    {
        if (callsNobody) return;
        if (sandbox is not null && whyNot(sandbox) is { } why) throw new RunRefusedException(why);
        if (sandbox is null && FirstThatNeedsOne(plan) is { } node)
        {
            throw new RunRefusedException($"Node '{node.Id}' of type {node.Type.Name} runs commands on this machine. Allow it with --sandbox bubblewrap or docker (isolated), or --sandbox inprocess (no isolation: it has your own rights).");
        }
    }

    private static PlannedNode? FirstThatNeedsOne(Plan plan)
    {
        foreach (var node in plan.Nodes)
        {
            if (node.Type.TraitsOf(node.Spec, plan.Workflow).NeedsSandbox) return node;
            foreach (var fragment in node.Undo is null ? node.Fragments : [.. node.Fragments, node.Undo])
            {
                if (FirstThatNeedsOne(fragment) is { } inner) return inner;
            }
        }
        return null;
    }
}

/// <summary>The files of <c>outputs</c>: written after success, whole or not at all, never outside the working directory.</summary>
internal static class OutputFiles
{
    public static IReadOnlyList<string> Write(RunState state, IArtifactStore artifacts, string workingDirectory)
    {
        var written = new List<string>();
        var root = Path.GetFullPath(workingDirectory);
        foreach (var file in state.Plan.Workflow.Outputs)
        {
            var index = state.Plan.IndexOf(file.Node.Text);
            if (index < 0 || state.OutputOf(state.LatestOf(index)) is not { } output) continue;
            var path = Path.GetFullPath(Path.Combine(root, file.Path));
            if (!path.StartsWith(root.TrimEnd('/') + Path.DirectorySeparatorChar, StringComparison.Ordinal)) throw new RunRefusedException($"The output file '{file.Path}' lies outside the working directory.");
            WholeFile.Write(path, artifacts.Read(output).ToDisplayText());
            written.Add(file.Path);
        }
        return written;
    }
}
