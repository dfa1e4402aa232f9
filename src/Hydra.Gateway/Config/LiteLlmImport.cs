using System.Text;
using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Gateway.Config;

/// <summary>Turns LiteLLM's proxy configuration into <c>gateway.yaml</c>, and names everything that it leaves out. Format: https://docs.litellm.ai/docs/proxy/config_settings.</summary>
public static class LiteLlmImport
{
    /// <summary>Null where the text is no YAML or no map, or nothing of it can be used; else a configuration that a gateway takes. What was left out are warnings of <paramref name="problems"/>.</summary>
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
        return Valid(Write(models, settings), problems);
    }

    /// <summary>
    /// The text with nothing in it that a gateway would refuse. Every entry stands on one line, so what is wrong there is left out and told,
    /// until nothing is: what names it is then looked at again.
    /// </summary>
    private static string? Valid(string text, ProblemList problems)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToList();
        while (lines.Count > 0)
        {
            var check = new ProblemList("gateway.yaml");
            GatewayConfigReader.Read(string.Join('\n', lines), check);
            if (check.Problems.FirstOrDefault(problem => problem.Severity == ProblemSeverity.Error) is not { } wrong) return string.Join('\n', lines) + "\n";
            var at = Math.Clamp(wrong.At.Line - 1, 0, lines.Count - 1);
            problems.Warning(ProblemCodes.NotImported, SourcePosition.None, $"`{Wire.Excerpt.Of(lines[at].Split(": ", 2)[0].Trim(' ', '"', ':'))}` is left out, since a gateway would refuse it: {wrong.Message}");
            lines.RemoveAt(at);
            lines.RemoveAll(line => line is "providers:" or "models:" && (lines.IndexOf(line) + 1 == lines.Count || !lines[lines.IndexOf(line) + 1].StartsWith("  ", StringComparison.Ordinal)));
        }
        problems.Error(ProblemCodes.NotAWorkflow, SourcePosition.None, "nothing of this configuration can be used by a gateway.");
        return null;
    }

    private static string Write(LiteLlmModels models, LiteLlmSettings settings)
    {
        var text = new StringBuilder();
        Section("providers", models.Providers);
        var groups = new ValueMap.Builder();
        foreach (var (name, deployments) in models.Groups) groups[name] = Value.Of(settings.GroupOf(name, deployments, models.HasOrder, IsGroup));
        foreach (var (alias, name) in settings.Aliases)
        {
            if (models.Groups.TryGetValue(name, out var deployments)) groups[alias] = Value.Of(settings.GroupOf(name, deployments, models.HasOrder, IsGroup));
        }
        Section("models", groups.Build());
        if (models.HasWildcard) text.Append("passthrough: true\n");
        foreach (var (key, value) in settings.Top.Build()) text.Append(key).Append(": ").Append(ValueJson.ToText(value)).Append('\n');
        return text.ToString();

        bool IsGroup(string name) => models.Groups.ContainsKey(name) || settings.Aliases.TryGetValue(name, out var of) && models.Groups.ContainsKey(of);

        void Section(string name, ValueMap entries)
        {
            if (entries.Count == 0) return;
            text.Append(name).Append(":\n");
            foreach (var (key, value) in entries) text.Append("  ").Append(ValueJson.ToText(Value.Of(key))).Append(": ").Append(ValueJson.ToText(value)).Append('\n');
        }
    }
}
