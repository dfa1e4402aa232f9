using System.Text.RegularExpressions;

namespace Hydra.Gateway.Filters;

/// <summary>
/// Marks of text that speaks to the model instead of to its reader. A small set that can be explained, not a classifier: it finds the
/// usual words, and whoever avoids them passes. That is why it labels by default.
/// </summary>
internal static partial class InjectionRules
{
    public static PatternDetector Detector { get; } = new(
        new("prompt_injection.override", Override()),
        new("prompt_injection.reveal", Reveal()),
        new("prompt_injection.role", Role()),
        new("prompt_injection.markers", Markers()),
        new("prompt_injection.hidden", Hidden()));

    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase;
    private const int Ms = 1000;

    [GeneratedRegex(@"\b(ignore|disregard|forget|override)\s{1,3}(all\s{1,3}|any\s{1,3}|the\s{1,3}|your\s{1,3}|every\s{1,3}){0,3}(previous|prior|earlier|above|preceding|original|system)\s{1,3}(instructions?|prompts?|rules?|directions?|messages?|guidelines?)\b", Options, Ms)]
    private static partial Regex Override();

    [GeneratedRegex(@"\b(reveal|print|repeat|show|output|leak)\s{1,3}(me\s{1,3})?(all\s{1,3}|the\s{1,3}|your\s{1,3}){1,2}(full\s{1,3}|hidden\s{1,3}|secret\s{1,3}){0,2}(system\s{1,3}(prompt|message|instructions?)|initial\s{1,3}(prompt|instructions?))\b", Options, Ms)]
    private static partial Regex Reveal();

    [GeneratedRegex(@"\byou\s{1,3}are\s{1,3}(now\s{1,3}|no\s{1,3}longer\s{1,3})(bound|restricted|limited|DAN\b|in\s{1,3}(developer|god|jailbreak)\s{1,3}mode)", Options, Ms)]
    private static partial Regex Role();

    /// <summary>The words that chat templates put between turns.</summary>
    [GeneratedRegex(@"<\|(im_start|im_end|system|assistant|endoftext|start_header_id|eot_id)\|>|\[/?INST\]|<</?SYS>>", Options, Ms)]
    private static partial Regex Markers();

    /// <summary>Text in Unicode's tag characters, which no reader sees (U+E0020 to U+E007F), four or more in a row.</summary>
    [GeneratedRegex(@"(\uDB40[\uDC20-\uDC7F]){4,64}", Options, Ms)]
    private static partial Regex Hidden();
}
