using Hydra.Gateway.Config;
using Hydra.Gateway.Pipeline;

namespace Hydra.Gateway.Filters;

/// <summary>The filters of a configuration, by where they look.</summary>
internal sealed class FilterSet
{
    public IReadOnlyList<FilterRule> Input { get; private init; } = [];
    public IReadOnlyList<FilterRule> Output { get; private init; } = [];
    public IReadOnlyList<FilterConfig> InputModeration { get; private init; } = [];
    public IReadOnlyList<FilterConfig> OutputModeration { get; private init; } = [];

    public bool IsEmpty => Input.Count + Output.Count + InputModeration.Count + OutputModeration.Count == 0;

    /// <summary>What may be read into the operator's own instructions: everything but marks of injection.</summary>
    public IReadOnlyList<FilterRule> Instructions { get; private init; } = [];

    /// <exception cref="GatewayConfigException">A kind, an action or a place is not known, or they do not go together.</exception>
    public static FilterSet Of(IReadOnlyList<FilterConfig> filters)
    {
        List<FilterRule> input = [], output = [];
        List<FilterConfig> moderatedInput = [], moderatedOutput = [];
        for (var i = 0; i < filters.Count; i++)
        {
            var (filter, at) = (filters[i], $"filters[{i}]");
            var action = ActionOf(filter, at);
            if (filter.On is not ("input" or "output" or "both")) throw new GatewayConfigException($"{at}.on is '{filter.On}'. It must be input, output or both.");
            if (filter.Kind == "moderation")
            {
                if (!Uri.TryCreate(filter.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) throw new GatewayConfigException($"{at}.url is missing or no address. A moderation filter asks one, such as https://api.openai.com/v1/moderations.");
                if (action == FilterAction.Redact) throw new GatewayConfigException($"{at}.action is 'redact', but moderation judges a text as a whole. Take block, label or ask.");
                if (filter.On != "output") moderatedInput.Add(filter);
                if (filter.On != "input") moderatedOutput.Add(filter);
                continue;
            }
            var rule = new FilterRule(filter.Kind, DetectorOf(filter.Kind, at), action);
            if (filter.On != "output") input.Add(rule);
            if (filter.On != "input") output.Add(rule);
        }
        return new FilterSet
        {
            Input = input, Output = output, InputModeration = moderatedInput, OutputModeration = moderatedOutput,
            Instructions = [.. input.Where(rule => rule.Kind != "prompt_injection")],
        };
    }

    public static FilterAction ActionOf(FilterConfig filter, string at) => filter.Action switch
    {
        "block" => FilterAction.Block,
        "redact" => FilterAction.Redact,
        "label" => FilterAction.Label,
        "ask" => FilterAction.Ask,
        var other => throw new GatewayConfigException($"{at}.action is '{other}'. It must be block, redact, label or ask."),
    };

    private static PatternDetector DetectorOf(string kind, string at) => kind switch
    {
        "secrets" => SecretRules.Detector,
        "personal_data" => PersonalDataRules.Detector,
        "prompt_injection" => InjectionRules.Detector,
        _ => throw new GatewayConfigException($"{at}.kind is '{kind}'. It must be secrets, personal_data, prompt_injection or moderation."),
    };
}
