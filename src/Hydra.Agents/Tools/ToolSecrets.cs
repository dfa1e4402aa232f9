using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Agents.Tools;

/// <summary>Values of a declaration that come from the environment: <c>{{ env.NAME }}</c>, with the name in <c>allow_env</c>, and nothing else.</summary>
internal static class ToolSecrets
{
    /// <exception cref="CallFailedException">A variable is not there, or not listed.</exception>
    public static IEnumerable<KeyValuePair<string, string>> Filled(string owner, IReadOnlyDictionary<string, string> values, ITemplateScope scope) =>
        values.Select(pair => KeyValuePair.Create(pair.Key, Filled($"{owner}, '{pair.Key}'", pair.Value, scope)));

    public static string Filled(string place, string value, ITemplateScope scope)
    {
        if (!value.Contains("{{", StringComparison.Ordinal)) return value;
        try
        {
            return Template.Parse(value).Render(scope.TryGet("env", out var variables) ? TemplateScope.Of(("env", variables)) : TemplateScope.Empty, TemplateOptions.Default);
        }
        catch (TemplateException bad)
        {
            throw new CallFailedException(ErrorCode.BadRequest, $"{place}: {bad.Message} Values take `{{{{ env.NAME }}}}`, with the name in `allow_env`", bad);
        }
    }
}
