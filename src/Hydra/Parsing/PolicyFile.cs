using Hydra.Model;
using Hydra.Policies;

namespace Hydra.Parsing;

/// <summary>The <c>policy</c> of a project's <c>hydra.yaml</c>: rules that hold for every run and that no workflow loosens.</summary>
public static class PolicyFile
{
    /// <summary>The file's name, in the working directory.</summary>
    public const string Name = "hydra.yaml";

    /// <summary>The rules; null where the file has none, or where problems were added. Other fields of the file are not read here.</summary>
    public static PolicySpec? Read(ReadOnlySpan<byte> utf8, ProblemList problems)
    {
        KnownKeys.Check(utf8, problems);
        if (YamlReader.Read(utf8, problems) is not { } root || root.Get("policy") is not { } written || (written.IsScalar && written.Scalar.IsNull)) return null;
        if (!new ShapeBinder(problems).TryBind(PolicyFields.Record, written, "policy", out var value)) return null;
        var rules = written.Get("rules")?.Items ?? [];
        RuleCheck.Check(value.AsObject, i => i < rules.Count ? rules[i].At : written.At, problems);
        return problems.HasErrors ? null : PolicyFields.Read(value.AsObject);
    }
}
