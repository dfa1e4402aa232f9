using System.Globalization;
using System.Text.RegularExpressions;
using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Agents.Calls;

/// <summary>
/// A node's <c>stop_when</c> over an answer that is still coming in: sees <c>output</c> (the text so far),
/// <c>confidence</c> (the number that the text itself gives under that name, else null) and <c>elapsed_seconds</c>.
/// </summary>
internal sealed class PartialWatch(Template stopWhen, ITemplateScope around)
{
    /// <summary>The finish reason of a call that was ended by its <c>stop_when</c>.</summary>
    public const string FinishReason = "stop_when";

    public bool Holds(string partial, TimeSpan elapsed)
    {
        var confidence = Confidence.Match(partial) is { Success: true } match
            && double.TryParse(match.Groups["number"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? Value.Of(number) : Value.Null;
        var names = ValueMap.Of(("output", partial), ("confidence", confidence), ("elapsed_seconds", elapsed.TotalSeconds));
        try
        {
            return Template.IsTruthy(stopWhen.Evaluate(new Overlay(names, around), TemplateOptions.Default));
        }
        catch (TemplateException)
        {
            return false;   // the text so far does not have what the expression asks for yet
        }
    }

    /// <remarks>Without backtracking, so that no answer can make it slow; a limit in time would hit any answer on a busy machine.</remarks>
    private static readonly Regex Confidence = new("""confidence"?\s*[:=]\s*(?<number>[0-9]*\.?[0-9]+)[\s,}\]]""", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture);

    /// <summary>Names that stand before those around.</summary>
    internal sealed class Overlay(ValueMap names, ITemplateScope below) : ITemplateScope
    {
        public IEnumerable<string> Names => names.Keys.Concat(below.Names);
        public bool TryGet(string name, out Value value) => names.TryGetValue(name, out value) || below.TryGet(name, out value);
    }
}
