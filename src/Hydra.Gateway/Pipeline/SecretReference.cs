namespace Hydra.Gateway.Pipeline;

/// <summary>Reads a secret from where a configuration says it lies: <c>env:NAME</c> or <c>file:PATH</c>. Never echoes it.</summary>
internal static class SecretReference
{
    public static bool IsReference(string text) => text.StartsWith("env:", StringComparison.Ordinal) || text.StartsWith("file:", StringComparison.Ordinal);

    /// <exception cref="GatewayConfigException">It is no reference, or nothing is there.</exception>
    public static string Read(string reference, string at, GatewayServiceOptions options)
    {
        if (reference.StartsWith("env:", StringComparison.Ordinal))
        {
            var name = reference["env:".Length..];
            return options.Environment(name)?.Trim() is { Length: > 0 } value ? value
                : throw new GatewayConfigException($"{at}: the environment variable {name} is not set. Set it, or name another one.");
        }
        if (!reference.StartsWith("file:", StringComparison.Ordinal))
        {
            throw new GatewayConfigException($"{at}: secrets stand here by reference only. Write env:NAME or file:PATH, and keep the secret there.");
        }
        var path = Path.GetFullPath(reference["file:".Length..], options.Folder);
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw new GatewayConfigException($"{at}: the file {path} cannot be read: {wrong.Message}");
        }
    }
}
