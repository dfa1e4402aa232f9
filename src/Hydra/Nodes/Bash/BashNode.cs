using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Runs a shell command; its result is what the command writes to standard output.</summary>
public sealed partial class BashNode
{
    public string Name => "bash";
    public string Description => "Runs a shell command in the sandbox; the result is its standard output. Every `{{ value }}` is shell-quoted.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("command", new Shape.Template(), "The command, for bash; every `{{ value }}` in it is shell-quoted.") { IsRequired = true },
        new("args", new Shape.ListOf(new Shape.Template(), 1000), "Arguments, as $1, $2, …: data that no shell reads."),
        new("stdin", new Shape.Template(), "Text for standard input."),
        new("env", new Shape.MapOf(new Shape.Template()), "Environment variables; nothing else is inherited but PATH, HOME and the language."),
        new("max_output_bytes", new Shape.Integer(1, 1_073_741_824), "Longest standard output in bytes. Default: 1,000,000."),
        new("image", new Shape.Text(), "Container image, with `--sandbox docker`."),
    ];

    public NodeTraits Traits { get; } = new() { Effect = EffectClass.Irreversible, Timeout = TimeSpan.FromSeconds(300), NeedsSandbox = true };
}
