using Hydra.Gateway.Config;
using Hydra.Gateway.Pipeline;
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
        if (config is null) throw new UsageException("the configuration cannot be used", Lines(problems));
        ProblemText.Write(problems, io.Error, ProblemSeverity.Warning);
        return config;
    }

    private static List<string> Lines(ProblemList problems)
    {
        var lines = problems.Problems.Where(problem => problem.Severity == ProblemSeverity.Error).Select(problem => problem.ToString()).ToList();
        if (problems.Dropped > 0) lines.Add($"… and {problems.Dropped} more.");
        return lines;
    }

    /// <summary>A configuration that reads well and cannot be used: a secret that is not there, an account without an address.</summary>
    public static UsageException Unusable(GatewayConfigException wrong) => new("the configuration cannot be used", wrong.Message.Split('\n'));
}
