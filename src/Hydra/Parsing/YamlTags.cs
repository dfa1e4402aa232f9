using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>The tags of YAML's core schema; every other tag is refused rather than ignored.</summary>
internal static class YamlTags
{
    public const string Core = "tag:yaml.org,2002:";
    public const string Map = Core + "map", List = Core + "seq";

    /// <summary>The value that a tagged scalar has; <paramref name="resolved"/> is what it would be without quotes.</summary>
    public static Value Apply(string tag, string written, Value resolved, SourcePosition at) => tag switch
    {
        Core + "str" => Value.Of(written),
        Core + "null" when resolved.IsNull => resolved,
        Core + "bool" when resolved.Kind == ValueKind.Boolean => resolved,
        Core + "int" when resolved.Kind == ValueKind.Integer => resolved,
        Core + "float" when resolved.IsNumeric => Value.Of(resolved.AsNumber),
        Core + "null" or Core + "bool" or Core + "int" or Core + "float" => throw new YamlProblemException(ProblemCodes.BadTag, at,
            $"'{written}' is no {tag[Core.Length..]}, as its tag '!!{tag[Core.Length..]}' says. Remove the tag."),
        _ => throw Unknown(tag, at),
    };

    public static YamlProblemException Unknown(string tag, SourcePosition at) => new(ProblemCodes.BadTag, at,
        $"the tag '{(tag.StartsWith(Core, StringComparison.Ordinal) ? "!!" + tag[Core.Length..] : tag)}' means nothing in a workflow file. Remove it; quote the text if the '!' belongs to it.");
}
