using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>
/// One walk of a schema over an instance. Without a list for problems it only answers yes or no and stops at the first no.
/// </summary>
internal sealed class Evaluation
{
    private const int ExplainDepthMax = 4;

    private readonly JsonSchema _schema;
    private readonly List<SchemaProblem>? _reported;
    private readonly List<(string? Key, int Index)> _path;
    /// <summary>The resources entered and not yet left, outermost first: the dynamic scope (core §7.1).</summary>
    private readonly List<SchemaResource>? _scope;
    private List<SchemaProblem>? _problems;
    private long _stepsLeft;
    private int _depth, _explained;

    public Evaluation(JsonSchema schema, List<SchemaProblem>? problems)
    {
        _schema = schema;
        _reported = _problems = problems;
        _path = problems is null ? null! : [];
        _scope = schema.IsDynamic ? [] : null;
        _stepsLeft = schema.Options.StepCountMax;
    }

    /// <summary>Whether problems are wanted, so that every keyword is tried and messages are worth their text.</summary>
    public bool IsCollecting => _problems is not null;

    public SchemaProblem? Run(Value instance, out bool isValid) => Run(_schema.Root, instance, out isValid);

    /// <summary>Null, or the limit at which the run was given up.</summary>
    public SchemaProblem? Run(SchemaNode node, Value instance, out bool isValid)
    {
        isValid = false;
        try
        {
            isValid = Check(node, instance, marks: null);
            return null;
        }
        catch (GivenUpException limit)
        {
            return limit.Problem;
        }
        catch (InsufficientExecutionStackException)
        {
            return Limit("", "the value is nested too deeply to compare. Send flatter data.");
        }
        catch (RegexMatchTimeoutException slow)
        {
            return Limit("", $"the pattern '{Describe.Clip(slow.Pattern)}' took longer than its limit on this text. Write the pattern without nested repetition.");
        }
    }

    public bool Check(SchemaNode node, Value value, Marks? marks)
    {
        if (node.Always is { } always)
        {
            if (!always && IsCollecting) Report(node.Location, "false", "nothing is allowed here. Leave it out.");
            return always;
        }
        if (--_stepsLeft < 0) GiveUp(node, "the schema has too many alternatives to check this value. Use fewer nested anyOf, oneOf or allOf.");
        if (++_depth > _schema.Options.DepthMax) GiveUp(node, "the schema goes round in a circle or the value is nested too deeply.");
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var entered = Enter(node.Resource);
        var own = node.KeepsMarks ? Marks.For(value) : marks;
        var isValid = true;
        foreach (var keyword in node.Keywords)
        {
            if (keyword.Check(this, value, own)) continue;
            isValid = false;
            if (!IsCollecting) break;
        }
        if (own is not null && marks is not null && !ReferenceEquals(own, marks) && isValid) marks.Add(own);
        if (entered) _scope!.RemoveAt(_scope.Count - 1);
        _depth--;
        return isValid;
    }

    public bool CheckProperty(SchemaNode node, string key, Value value)
    {
        if (!IsCollecting) return Check(node, value, marks: null);
        _path.Add((key, 0));
        var isValid = Check(node, value, marks: null);
        _path.RemoveAt(_path.Count - 1);
        return isValid;
    }

    public bool CheckItem(SchemaNode node, int index, Value value)
    {
        if (!IsCollecting) return Check(node, value, marks: null);
        _path.Add((null, index));
        var isValid = Check(node, value, marks: null);
        _path.RemoveAt(_path.Count - 1);
        return isValid;
    }

    /// <summary>Checks without reporting: for branches of which one failing is no failure.</summary>
    public bool Try(SchemaNode node, Value value, Marks? marks, List<SchemaProblem>? problems = null)
    {
        var before = _problems;
        _problems = problems;
        var isValid = Check(node, value, marks);
        _problems = before;
        return isValid;
    }

    /// <summary>
    /// As <see cref="Try"/> for the problems of a branch; false when branches within branches are explained too deeply
    /// already, for each level doubles the work.
    /// </summary>
    public bool TryExplain(SchemaNode node, Value value, List<SchemaProblem> problems)
    {
        if (_explained == ExplainDepthMax) return false;
        _explained++;
        Try(node, value, marks: null, problems);
        _explained--;
        return true;
    }

    /// <summary>The outermost place in the dynamic scope that carries the anchor, or the place known beforehand.</summary>
    public SchemaNode DynamicTarget(string anchor, SchemaNode known)
    {
        foreach (var resource in _scope!)
        {
            if (resource.DynamicNodes.TryGetValue(anchor, out var node)) return node;
        }
        return known;
    }

    public void Report(string schemaPointer, string keyword, string message) => Report(schemaPointer, keyword, message, key: null);

    /// <summary>Reports a problem of the current value, or of its property <paramref name="key"/>.</summary>
    public void Report(string schemaPointer, string keyword, string message, string? key, int index = -1)
    {
        if (_problems is null || _problems.Count >= _schema.Options.ProblemCountMax) return;
        var pointer = InstancePointer();
        if (key is not null) pointer = JsonPointer.Append(pointer, key);
        if (index >= 0) pointer = JsonPointer.Append(pointer, index);
        _problems.Add(new(pointer, schemaPointer, keyword, $"{Place(pointer)}: {message}"));
        if (ReferenceEquals(_problems, _reported) && _problems.Count >= _schema.Options.ProblemCountMax)
        {
            throw new GivenUpException(_problems[^1]);   // enough is known
        }
    }

    private bool Enter(SchemaResource resource)
    {
        if (_scope is null || (_scope.Count > 0 && ReferenceEquals(_scope[^1], resource))) return false;
        _scope.Add(resource);
        return true;
    }

    /// <summary>Where the walk is; only kept while problems are collected.</summary>
    public string InstancePointer()
    {
        if (_path is null or { Count: 0 }) return "";
        var text = new StringBuilder();
        foreach (var (key, index) in _path)
        {
            text.Append('/');
            if (key is null) text.Append(CultureInfo.InvariantCulture, $"{index}");
            else text.Append(JsonPointer.Escape(key));
        }
        return text.ToString();
    }

    private void GiveUp(SchemaNode node, string message) => throw new GivenUpException(Limit(node.Location, message));

    private SchemaProblem Limit(string schemaPointer, string message)
    {
        var pointer = InstancePointer();
        return new(pointer, schemaPointer, "limit", $"{Place(pointer)}: not checked to the end: {message}");
    }

    private static string Place(string pointer) => pointer.Length == 0 ? "the value" : pointer;

    /// <summary>Unwinds a walk that reached a limit; never leaves this class.</summary>
    private sealed class GivenUpException(SchemaProblem problem) : Exception
    {
        public SchemaProblem Problem { get; } = problem;
    }
}
