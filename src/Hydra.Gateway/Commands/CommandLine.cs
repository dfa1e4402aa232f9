using System.Text;

namespace Hydra.Gateway.Commands;

/// <summary>
/// Splits a command line into program and arguments without a shell: blanks separate, single quotes keep everything, double quotes
/// keep everything but <c>\"</c> and <c>\\</c>. Nothing is expanded: no variables, wildcards, pipes or substitutions.
/// </summary>
internal static class CommandLine
{
    /// <exception cref="FormatException">A quote is not closed, or there is no program.</exception>
    public static IReadOnlyList<string> Split(string line)
    {
        var arguments = new List<string>();
        var current = new StringBuilder();
        var isOpen = false;                       // an argument has begun, though it may be empty ("")
        var quote = '\0';
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (quote != '\0')
            {
                if (c == quote) quote = '\0';
                else if (quote == '"' && c == '\\' && i + 1 < line.Length && line[i + 1] is '"' or '\\')
                {
                    current.Append(line[++i]);
                }
                else current.Append(c);
            }
            else if (c is '"' or '\'')
            {
                (quote, isOpen) = (c, true);
            }
            else if (char.IsWhiteSpace(c))
            {
                if (isOpen) arguments.Add(current.ToString());
                current.Clear();
                isOpen = false;
            }
            else
            {
                current.Append(c);
                isOpen = true;
            }
        }
        if (quote != '\0') throw new FormatException($"The command '{line}' opens a {quote} that it does not close.");
        if (isOpen) arguments.Add(current.ToString());
        return arguments.Count == 0 ? throw new FormatException("The command is empty.") : arguments;
    }
}
