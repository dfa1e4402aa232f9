using Hydra.Agents.Calls;
using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Agents.Loop;

/// <summary>A node's <c>accept</c>: whether a tool's result is what was wanted, so that the loop ends with it.</summary>
internal sealed class AcceptCheck(Template accept, ITemplateScope around)
{
    /// <summary>Why an answer is a tool's result.</summary>
    public const string FinishReason = "accept";

    /// <param name="calls">Tool calls made so far.</param>
    public bool Holds(string tool, Value result, int calls)
    {
        try
        {
            return Template.IsTruthy(accept.Evaluate(new PartialWatch.Overlay(ValueMap.Of(("tool", tool), ("result", result), ("calls", calls)), around), TemplateOptions.Default));
        }
        catch (TemplateException)
        {
            return false;   // the result does not have what the expression asks for
        }
    }
}
