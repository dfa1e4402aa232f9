using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Gateway.Config;

/// <summary>Reads <c>gateway.yaml</c>, or the same as JSON, and finds everything that is wrong with it at once, each with its place.</summary>
public static class GatewayConfigReader
{
    /// <summary>Null where errors were added.</summary>
    public static GatewayConfig? ReadFile(string path, ProblemList problems) =>
        WorkflowFile.TryRead(path, problems, out var bytes) && YamlReader.Read(bytes, problems) is { } root ? Read(root, problems) : null;

    /// <summary>Null where errors were added.</summary>
    public static GatewayConfig? Read(string text, ProblemList problems) => YamlReader.Read(text, problems) is { } root ? Read(root, problems) : null;

    /// <summary>The format as JSON Schema (2020-12), for editors: made from the declarations that files are checked against.</summary>
    public static Value Schema() => FormatSchema.OfRecord("Hydra gateway", GatewayFields.All);

    /// <summary>The problems as lines, and why there is no configuration.</summary>
    internal static GatewayConfig? Read(SourceNode root, ProblemList problems)
    {
        var places = new Dictionary<string, SourcePosition>(StringComparer.Ordinal);
        var binder = new ShapeBinder(problems);
        binder.RecordPlaces(places);
        binder.TryBind(GatewayFields.File, root, GatewayConfigCheck.Root, out var value);
        if (!value.IsObject || root.Entries is null) return null;
        new GatewayConfigCheck(places, problems).Check(value.AsObject);
        return problems.HasErrors ? null : GatewayConfigBinder.Bind(value.AsObject);
    }
}
