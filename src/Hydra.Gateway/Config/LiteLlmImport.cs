using System.Text;
using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Gateway.Config;

/// <summary>Turns LiteLLM's proxy configuration into <c>gateway.yaml</c>, and names everything that it leaves out. Format: https://docs.litellm.ai/docs/proxy/config_settings.</summary>
public static class LiteLlmImport
{
    /// <summary>Null where the text is no YAML or no map; what was left out are warnings of <paramref name="problems"/>.</summary>
    public static string? Convert(string text, ProblemList problems)
    {
        if (YamlReader.Read(text, problems) is not { } root) return null;
        if (root.Entries is null)
        {
            problems.Error(ProblemCodes.NotAWorkflow, root.At, "this is no LiteLLM configuration: a map with `model_list` is expected. Check the file.");
            return null;
        }
        var settings = new LiteLlmSettings(problems);
        var models = new LiteLlmModels(problems);
        foreach (var (key, at, value) in root.Entries)
        {
            switch (key)
            {
                case "model_list": models.Add(value); break;
                case "router_settings" or "litellm_settings" or "general_settings": settings.Add(key, value); break;
                case "environment_variables":
                    problems.Warning(ProblemCodes.NotImported, at, "`environment_variables` is left out: set them where the gateway is started.");
                    break;
                default: problems.Warning(ProblemCodes.NotImported, at, $"`{Wire.Excerpt.Of(key)}` is not understood and left out."); break;
            }
        }
        return Write(models, settings);
    }

    private static string Write(LiteLlmModels models, LiteLlmSettings settings)
    {
        var text = new StringBuilder();
        Section("providers", models.Providers);
        var groups = new ValueMap.Builder();
        foreach (var (name, deployments) in models.Groups) groups[name] = Value.Of(settings.GroupOf(name, deployments, models.HasOrder));
        foreach (var (alias, name) in settings.Aliases)
        {
            if (models.Groups.TryGetValue(name, out var deployments)) groups[alias] = Value.Of(settings.GroupOf(name, deployments, models.HasOrder));
        }
        Section("models", groups.Build());
        if (models.HasWildcard) text.Append("passthrough: true\n");
        foreach (var (key, value) in settings.Top.Build()) text.Append(key).Append(": ").Append(ValueJson.ToText(value)).Append('\n');
        return text.ToString();

        void Section(string name, ValueMap entries)
        {
            if (entries.Count == 0) return;
            text.Append(name).Append(":\n");
            foreach (var (key, value) in entries) text.Append("  ").Append(ValueJson.ToText(Value.Of(key))).Append(": ").Append(ValueJson.ToText(value)).Append('\n');
        }
    }
}
