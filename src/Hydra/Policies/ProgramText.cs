namespace Hydra.Policies;

/// <summary>What a pattern is held against: data, or program text that the rule lets run or keeps from running.</summary>
internal enum ArgumentUse : byte { Data, AllowedProgram, HeldProgram }

/// <summary>Arguments whose text is run: what stands in them beside the command that was meant may begin another.</summary>
internal static class ProgramText
{
    private static readonly string[] Names = ["command", "cmd", "shell", "shell_command", "bash", "script", "code"];

    public static ArgumentUse UseOf(string argument, PolicyDecision decision) =>
        !Names.Contains(argument, StringComparer.OrdinalIgnoreCase) ? ArgumentUse.Data
        : decision == PolicyDecision.Allow ? ArgumentUse.AllowedProgram : ArgumentUse.HeldProgram;

    /// <summary>Whether a letter can begin or end a command, put something in its place or send its output elsewhere, or hide what follows.</summary>
    public static bool IsOperator(char letter) =>
        letter is ';' or '&' or '|' or '<' or '>' or '(' or ')' or '$' or '`' or '\\' or '#' || (char.IsControl(letter) && letter != '\t');
}
