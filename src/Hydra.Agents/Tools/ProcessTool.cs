using System.Text;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Tools;

/// <summary>A shell command or a Python program of the model's, run in the sandbox that the run was allowed.</summary>
internal sealed class ProcessTool(ToolFacts facts, bool isPython) : ITool
{
    public ToolFacts Facts => facts;

    public async ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var text = call.Arguments.AsObject[isPython ? "code" : "command"].AsText;
        ProcessText.RefuseNul(isPython ? "code" : "command", text);
        var request = new ProcessRequest(isPython ? "python3" : "bash", isPython ? ["-u", "-"] : ["-c", text])
        {
            Input = isPython ? Encoding.UTF8.GetBytes(text) : [],
            Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PYTHONUTF8"] = "1", [ToolQuestion.KeyVariable] = call.IdempotencyKey },
            WorkingDirectory = call.WorkingDirectory,
            OutputBytesMax = facts.ResultBytesMax,
        };
        return ToolOutcome.ValueOf(ProcessOutcome.Of(request, await Sandboxes.Of(call.Sandbox).RunAsync(request, call.Alive, cancellationToken)));
    }
}
