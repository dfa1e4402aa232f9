using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Tests.Schemas;

/// <summary>Runs the official test suite and tells which of its tests fail.</summary>
internal sealed record JsonSchemaSuite(int RequiredCount, IReadOnlyList<string> RequiredFailures, int OptionalCount, IReadOnlyList<string> OptionalFailures)
{
    private static readonly Lazy<JsonSchemaSuite> Run = new(RunAll);

    public static JsonSchemaSuite Result => Run.Value;

    /// <summary>Every schema of the suite that compiles, and whether one of its tests is valid.</summary>
    public static IEnumerable<(string Name, JsonSchema Schema, bool IsSatisfiable)> Schemas()
    {
        foreach (var (file, group, options) in Groups())
        {
            var isSatisfiable = group["tests"].Items.Any(test => test.AsObject["valid"].AsBoolean);
            yield return ($"{file}: {group["description"].AsText}", JsonSchema.Compile(group["schema"], options), isSatisfiable);
        }
    }

    private static JsonSchemaSuite RunAll()
    {
        var counts = (Required: 0, Optional: 0);
        var failures = (Required: new List<string>(), Optional: new List<string>());
        foreach (var (file, group, options) in Groups())
        {
            var isOptional = file.StartsWith("optional/", StringComparison.Ordinal);
            var (total, failed) = RunGroup(file, group, options);
            if (isOptional) counts.Optional += total;
            else counts.Required += total;
            (isOptional ? failures.Optional : failures.Required).AddRange(failed);
        }
        return new(counts.Required, failures.Required, counts.Optional, failures.Optional);
    }

    private static IEnumerable<(string File, ValueMap Group, JsonSchemaOptions Options)> Groups()
    {
        const string Server = "http://localhost:1234/";
        var remotes = Load("remotes.json").AsObject;
        foreach (var file in Load("draft2020-12.json").Items)
        {
            var name = file.AsObject["file"].AsText;
            var options = new JsonSchemaOptions
            {
                AssertFormats = name.StartsWith("optional/format/", StringComparison.Ordinal),
                Resolve = uri => uri.StartsWith(Server, StringComparison.Ordinal) && remotes.TryGetValue(uri[Server.Length..], out var remote) ? remote : (Value?)null,
            };
            foreach (var group in file.AsObject["groups"].Items) yield return (name, group.AsObject, options);
        }
    }

    private static (int Count, List<string> Failures) RunGroup(string file, ValueMap group, JsonSchemaOptions options)
    {
        var failures = new List<string>();
        JsonSchema? schema = null;
        try
        {
            schema = JsonSchema.Compile(group["schema"], options);
        }
        catch (JsonSchemaException refused)
        {
            failures.Add($"{file}: {group["description"].AsText}: refused: {refused.Message}");
        }
        var tests = group["tests"].AsList;
        foreach (var test in tests)
        {
            if (schema is null) continue;
            var (instance, expected) = (test.AsObject["data"], test.AsObject["valid"].AsBoolean);
            // Both ways of asking must agree.
            if (schema.IsValid(instance) == expected && schema.Validate(instance).Count == 0 == expected) continue;
            failures.Add($"{file}: {group["description"].AsText}: {test.AsObject["description"].AsText}");
        }
        if (schema is null) failures.AddRange(Enumerable.Repeat($"{file}: {group["description"].AsText}", tests.Length - 1));
        return (tests.Length, failures);
    }

    private static Value Load(string name) => ValueJson.Parse(File.ReadAllBytes(PathOf(name)));

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "data", "json-schema-test-suite", name);
}
