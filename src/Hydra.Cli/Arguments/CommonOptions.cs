namespace Hydra.Cli;

/// <summary>Options that several verbs share, spelt and explained once.</summary>
internal static class CommonOptions
{
    public const string RunsDirByDefault = ".hydra";

    public static readonly Option Help = Option.Switch("--help", "shows this help") with { Short = "-h" };
    public static readonly Option Json = Option.Switch("--json", "prints one JSON document");
    public static readonly Option NoColor = Option.Switch("--no-color", "no colours and no live view, as NO_COLOR=1 does");
    public static readonly Option Quiet = Option.Switch("--quiet", "no progress on standard error") with { Short = "-q" };
    public static readonly Option RunsDir = new("--runs-dir", "DIR", $"where runs are kept; default {RunsDirByDefault}");
    public static readonly Option Input = new("--input", "NAME=VALUE", "a run input; NAME=@FILE reads the value from a file") { Short = "-i", IsMany = true };
    public static readonly Option Inputs = new("--inputs", "FILE.json", "run inputs from a JSON object");
    public static readonly Option Backend = new("--backend", "auto|api|offline|command:CMD|replay", "which models answer; default auto");
    public static readonly Option MaxConcurrent = new("--max-concurrent", "N", "node attempts at once; default 10");
    public static readonly Option Rpm = new("--rpm", "N", "model calls in any minute");
    public static readonly Option Tpm = new("--tpm", "N", "tokens in any minute");

    /// <summary>What a command that is told to the user needs to find the same runs; empty where the folder is the default.</summary>
    public static string WhereOf(ParsedArguments arguments) => arguments.Get(RunsDir) is { } folder ? $" --runs-dir {TerminalText.Word(folder)}" : "";
}
