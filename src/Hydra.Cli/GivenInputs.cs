using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Cli;

/// <summary>Run inputs from <c>-i name=value</c>, <c>-i name=@file</c> and <c>--inputs file.json</c>; what comes later wins.</summary>
internal static class GivenInputs
{
    private const long FileBytesMax = 16 * 1024 * 1024;

    public static IReadOnlyDictionary<string, GivenInput> Read(ParsedArguments arguments, CliIo io)
    {
        var given = new Dictionary<string, GivenInput>(StringComparer.Ordinal);
        if (arguments.Get(CommonOptions.Inputs) is { } file)
        {
            var text = ReadFile(file, io, "--inputs");
            if (!ValueJson.TryParse(text, out var json)) throw new UsageException($"--inputs: '{file}' is not JSON. Write an object: {{\"topic\": \"…\"}}.");
            if (!json.IsObject) throw new UsageException($"--inputs: '{file}' holds no JSON object. Write {{\"topic\": \"…\"}}.");
            foreach (var (name, value) in json.AsObject.Pairs) given[name] = GivenInput.OfValue(value);
        }
        foreach (var (name, value) in arguments.Pairs(CommonOptions.Input))
        {
            given[name] = GivenInput.OfText(value.StartsWith('@') ? ReadFile(value[1..], io, $"-i {name}") : value);
        }
        return given;
    }

    private static string ReadFile(string path, CliIo io, string what)
    {
        try
        {
            var full = io.PathOf(path);
            if (Directory.Exists(full)) throw new UsageException($"{what}: '{path}' is a folder; name a file.");
            if (new FileInfo(full) is { Exists: true, Length: > FileBytesMax }) throw new UsageException($"{what}: '{path}' is larger than {FileBytesMax / (1024 * 1024)} MiB.");
            return new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(full)).TrimStart('\ufeff');
        }
        catch (System.Text.DecoderFallbackException)
        {
            throw new UsageException($"{what}: '{path}' is not UTF-8 text.");
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or ArgumentException)
        {
            var why = failed is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : "cannot be read: " + failed.Message;
            throw new UsageException($"{what}: the file '{path}' {why}.");
        }
    }
}
