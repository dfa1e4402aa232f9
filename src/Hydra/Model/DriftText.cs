using System.Text;

namespace Hydra.Model;

/// <summary>The difference between a question and the recorded one, in words and at its first differing line.</summary>
internal static class DriftText
{
    private const int LineLengthMax = 200;
    private const int ContextLines = 2;
    private const int ChangedLinesMax = 6;

    /// <param name="nearest">The recorded call that most likely stood in this one's place; null: the node recorded none.</param>
    public static string Of(RunId run, string path, StepCall asked, Value messages, RecordedCall? nearest, bool isUsedUp)
    {
        var text = new StringBuilder();
        text.Append($"Replay drift at node '{path}': its call to '{asked.Name}' is not in the recording of run '{run}'.\n");
        if (nearest is null)
        {
            text.Append("  The recording has no call of this node. It may be new, or renamed.\n");
        }
        else if (nearest.IsLeftOut)
        {
            text.Append("  Its recorded answer is secret and is no part of a portable cassette. Replay the run itself (--replay-run), or let it be asked anew (--replay-missing call).\n");
        }
        else
        {
            if (isUsedUp) text.Append("  All recorded calls of this node have been served; this is one more. Beside the last of them:\n");
            Compare(text, asked, messages, nearest);
        }
        return text.ToString().TrimEnd('\n');
    }

    private static void Compare(StringBuilder text, StepCall asked, Value messages, RecordedCall nearest)
    {
        if (nearest.Call.Name != asked.Name) text.Append($"  Another {(asked.Kind == StepKind.Model ? "model" : "tool")} is asked: recorded '{nearest.Call.Name}', now '{asked.Name}'.\n");
        var recorded = nearest.Request();
        if (recorded == messages)
        {
            if (nearest.Call.Name == asked.Name) text.Append(asked.Kind == StepKind.Model
                ? "  The messages are the same; temperature, max_output_tokens or output_schema is not.\n"
                : "  What is kept of the arguments is the same; something that is not kept (a secret, an environment) is not.\n");
            return;
        }
        if (!recorded.IsList || !messages.IsList)
        {
            Lines(text, "its arguments", recorded.ToDisplayText(), messages.ToDisplayText());
            return;
        }
        var old = recorded.AsList;
        var now = messages.AsList;
        for (var i = 0; i < Math.Max(old.Length, now.Length); i++)
        {
            if (i < old.Length && i < now.Length && old[i] == now[i]) continue;
            if (i >= old.Length || i >= now.Length)
            {
                text.Append($"  The recording has {old.Length} messages, this call {now.Length}. The first that only one of them has:\n");
                text.Append(i >= old.Length ? $"    + {RoleOf(now[i])}: {Clip(ContentOf(now[i]))}\n" : $"    - {RoleOf(old[i])}: {Clip(ContentOf(old[i]))}\n");
                return;
            }
            var role = RoleOf(old[i]) == RoleOf(now[i]) ? RoleOf(now[i]) : $"recorded {RoleOf(old[i])}, now {RoleOf(now[i])}";
            Lines(text, $"message {i + 1} of {now.Length} ({role})", ContentOf(old[i]), ContentOf(now[i]));
            return;
        }
    }

    private static void Lines(StringBuilder text, string what, string recorded, string asked)
    {
        var (old, now) = (recorded.Split('\n'), asked.Split('\n'));
        var first = 0;
        while (first < old.Length && first < now.Length && old[first] == now[first]) first++;
        var tail = 0;
        while (tail < old.Length - first && tail < now.Length - first && old[^(tail + 1)] == now[^(tail + 1)]) tail++;
        text.Append($"  First difference: {what}, line {first + 1} (- recorded, + now):\n");
        for (var i = Math.Max(0, first - ContextLines); i < first; i++) text.Append($"      {Clip(old[i])}\n");
        Changed(text, '-', old.AsSpan(first, old.Length - first - tail));
        Changed(text, '+', now.AsSpan(first, now.Length - first - tail));
        for (var i = old.Length - tail; i < Math.Min(old.Length, old.Length - tail + ContextLines); i++) text.Append($"      {Clip(old[i])}\n");
    }

    private static void Changed(StringBuilder text, char sign, ReadOnlySpan<string> lines)
    {
        for (var i = 0; i < Math.Min(lines.Length, ChangedLinesMax); i++) text.Append($"    {sign} {Clip(lines[i])}\n");
        if (lines.Length > ChangedLinesMax) text.Append($"    {sign} … and {lines.Length - ChangedLinesMax} more lines\n");
    }

    private static string RoleOf(Value message) => message.IsObject ? message.AsObject.GetOrNull("role").TextOrNull ?? "?" : "?";
    private static string ContentOf(Value message) => message.IsObject ? message.AsObject.GetOrNull("content").ToDisplayText() : message.ToDisplayText();
    private static string Clip(string line) => line.Length <= LineLengthMax ? line : line[..LineLengthMax] + "…";
}
