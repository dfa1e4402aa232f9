using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Runs Python code; values arrive in the variable <c>inputs</c>, never as text in the code.</summary>
public sealed partial class PythonExecNode
{
    public string Name => "python_exec";
    public string Description => "Runs Python in the sandbox; upstream values arrive in the variable `inputs`; the result is standard output, parsed when it is JSON.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("code", new Shape.Text(), "The program. Upstream outputs and run inputs are in the dictionary `inputs`; print the result.") { IsRequired = true },
        new("env", new Shape.MapOf(new Shape.Template()), "Environment variables; nothing else is inherited but PATH, HOME and the language."),
        new("max_output_bytes", new Shape.Integer(1, 1_073_741_824), "Longest standard output in bytes. Default: 1,000,000."),
        new("image", new Shape.Text(), "Container image, with `--sandbox docker`."),
    ];

    public NodeTraits Traits { get; } = new() { Effect = EffectClass.Irreversible, Timeout = TimeSpan.FromSeconds(300), NeedsSandbox = true };

    public void Check(NodeSpec node, CheckContext context)
    {
        var code = node.Fields.GetOrNull("code").TextOrNull ?? "";
        var start = FirstTemplate(code);
        if (start < 0) return;
        var line = code.AsSpan(0, start).Count('\n') + 1;
        var column = start - code.AsSpan(0, start).LastIndexOf('\n');
        var end = code.IndexOf(code[start + 1] == '%' ? "%}" : "}}", start, StringComparison.Ordinal);
        var quoted = end < 0 ? code.Substring(start, 2) : code[start..(end + 2)];
        var name = quoted.Trim('{', '}', '%', ' ');
        context.Problems.Error(ProblemCodes.TemplateInCode, node.PlaceIn("code", code, line, column),
            $"node '{node.Id}' templates '{(quoted.Length > 60 ? quoted[..60] + "…" : quoted)}' into code, where data could become instructions. Write inputs[\"{(IsName(name) ? name : "name")}\"] instead.");
    }

    private static int FirstTemplate(string code)
    {
        for (var at = code.IndexOf('{'); at >= 0 && at + 1 < code.Length; at = code.IndexOf('{', at + 1))
        {
            if (code[at + 1] == '%' && code.IndexOf("%}", at, StringComparison.Ordinal) > 0) return at;
            if (code[at + 1] == '{' && LooksTemplated(code, at)) return at;
        }
        return -1;
    }

    /// <summary><c>{{ name … }}</c> is a template; <c>{{}}</c> and <c>{{'a': 1}}</c> are Python.</summary>
    private static bool LooksTemplated(string code, int open)
    {
        var end = code.IndexOf("}}", open, StringComparison.Ordinal);
        if (end < 0) return false;
        var inside = code.AsSpan(open + 2, end - open - 2).Trim();
        return inside.Length > 0 && (char.IsAsciiLetter(inside[0]) || inside[0] == '_') && inside.IndexOfAny(":\n") < 0;
    }

    private static bool IsName(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
