using Hydra.Artifacts;
using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Agents.Tools;

/// <summary>
/// Values of a declaration that stand elsewhere: <c>{{ env.NAME }}</c> within a text, or a whole value <c>env:NAME</c> or <c>file:PATH</c>.
/// Variables must be in <c>allow_env</c>; files must lie under the working directory or where containers are given secrets. What is read
/// reaches the tool alone: no message, journal or pin holds it.
/// </summary>
internal static class ToolSecrets
{
    /// <summary>Where containers are given secrets as files.</summary>
    public const string ContainerFolder = "/run/secrets";
    private const int FileBytesMax = 64 * 1024;
    private const string OfEnvironment = "env:", OfFile = "file:";

    /// <param name="folder">The run's working directory.</param>
    /// <exception cref="CallFailedException">What a reference names is not there, or not allowed.</exception>
    public static IEnumerable<KeyValuePair<string, string>> Filled(string owner, IReadOnlyDictionary<string, string> values, ITemplateScope scope, string folder) =>
        values.Select(pair => KeyValuePair.Create(pair.Key, Filled($"{owner}, '{pair.Key}'", pair.Value, scope, folder)));

    public static string Filled(string place, string value, ITemplateScope scope, string folder)
    {
        if (value.StartsWith(OfFile, StringComparison.Ordinal)) return Read(place, value[OfFile.Length..], folder);
        if (value.StartsWith(OfEnvironment, StringComparison.Ordinal))
        {
            var name = value[OfEnvironment.Length..];
            return scope.TryGet("env", out var known) && known.IsObject && known.AsObject.GetOrNull(name).TextOrNull is { } variable ? variable.Trim()
                : throw new CallFailedException(ErrorCode.BadRequest, $"{place}: the environment variable '{name}' is not set, or not in `allow_env`. Set it, and list it there");
        }
        if (!value.Contains("{{", StringComparison.Ordinal)) return value;
        try
        {
            return Template.Parse(value).Render(scope.TryGet("env", out var variables) ? TemplateScope.Of(("env", variables)) : TemplateScope.Empty, TemplateOptions.Default);
        }
        catch (TemplateException bad)
        {
            throw new CallFailedException(ErrorCode.BadRequest, $"{place}: {bad.Message} Values take `{{{{ env.NAME }}}}`, with the name in `allow_env`, or are `env:NAME` or `file:PATH`", bad);
        }
    }

    private static string Read(string place, string written, string folder)
    {
        if (written.Length == 0 || written.Contains('\0', StringComparison.Ordinal)) throw new CallFailedException(ErrorCode.BadRequest, $"{place}: '{OfFile}' names no file. Write {OfFile}PATH");
        try
        {
            var root = FileTool.Real(Path.GetFullPath(folder));
            var path = FileTool.Real(Path.GetFullPath(written, root));
            if (!FileTool.IsIn(root, path) && !FileTool.IsIn(ContainerFolder, path))
                throw new CallFailedException(ErrorCode.PolicyDenied, $"{place}: the file '{written}' lies neither under the working directory nor in {ContainerFolder}, and a workflow may read secrets nowhere else. Move it, or name a variable: env:NAME");
            using var file = HeldFolder.OpenRead(FileTool.IsIn(root, path) ? root : ContainerFolder, path);
            if (file.Length > FileBytesMax) throw new CallFailedException(ErrorCode.BadRequest, $"{place}: the file '{written}' has more than {FileBytesMax} bytes, which is no secret. Name another one");
            return new StreamReader(file).ReadToEnd().Trim();
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw new CallFailedException(ErrorCode.BadRequest, $"{place}: the file '{written}' cannot be read: {wrong.GetType().Name}. Create it, or name another one", wrong);
        }
    }
}
