using Hydra.Gateway.Config;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>The gateway's configuration as verbs find it: the file that is named, <c>gateway.yaml</c> of the folder, or none.</summary>
internal static class GatewayFile
{
    public const string FileByDefault = "gateway.yaml";
    public static readonly Option Config = new("--config", "FILE", $"the gateway's configuration; default {FileByDefault} where there is one");

    /// <summary>The file; null: none is named and there is none by default.</summary>
    public static string? Find(ParsedArguments arguments, CliIo io)
    {
        if (arguments.Get(Config) is { } named) return io.PathOf(named);
        return File.Exists(io.PathOf(FileByDefault)) ? io.PathOf(FileByDefault) : null;
    }

    /// <summary>Reads a file; warnings go to standard error.</summary>
    /// <exception cref="UsageException">It is wrong; the message lists everything.</exception>
    public static GatewayConfig Read(string path, CliIo io)
    {
        var problems = new ProblemList(Path.GetRelativePath(Path.GetFullPath(io.PathOf(".")), Path.GetFullPath(path)));
        var config = GatewayConfigReader.ReadFile(path, problems);
        if (config is null) throw new UsageException(Lines(problems));
        ProblemText.Write(problems, io.Error, ProblemSeverity.Warning);
        return config;
    }

    public static string Lines(ProblemList problems) =>
        $"the configuration cannot be used.\n{string.Join('\n', problems.Problems.Where(problem => problem.Severity == ProblemSeverity.Error))}{(problems.Dropped > 0 ? $"\n… and {problems.Dropped} more." : "")}";
}
