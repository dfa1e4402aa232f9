using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>The gateway's store as its verbs reach it.</summary>
internal static class GatewayStore
{
    public const string FileByDefault = ".hydra/gateway.db";
    public static readonly Option Store = new("--store", "FILE", $"the gateway's store; default {FileByDefault}");

    /// <summary>The file that is named, or that the configuration names.</summary>
    public static string FileOf(ParsedArguments arguments, CliIo io)
    {
        if (arguments.Get(Store) is { } named) return io.PathOf(named);
        if (GatewayFile.Find(arguments, io) is not { } config) return io.PathOf(FileByDefault);
        var store = GatewayFile.Read(config, io).Store.Sqlite ?? throw new UsageException("the gateway's store is a PostgreSQL database, and this needs a file: name one with --store.");
        return Path.GetFullPath(store, Path.GetDirectoryName(Path.GetFullPath(config))!);
    }

    /// <summary>Where the ledger is; looking makes no file.</summary>
    public static LedgerPlace PlaceOf(ParsedArguments arguments, CliIo io, bool mayMake = false)
    {
        if (!arguments.Has(Store) && GatewayFile.Find(arguments, io) is { } config && GatewayFile.Read(config, io).Store is { Postgres: not null } store)
        {
            try
            {
                return LedgerPlace.Of(store, new GatewayServiceOptions { Environment = io.Environment, Folder = Path.GetDirectoryName(Path.GetFullPath(config))! });
            }
            catch (GatewayConfigException wrong)
            {
                throw GatewayFile.Unusable(wrong);
            }
        }
        return LedgerPlace.OfFile(mayMake ? FileOf(arguments, io) : ExistingFileOf(arguments, io));
    }

    /// <summary>The file, which must be there: looking makes nothing.</summary>
    private static string ExistingFileOf(ParsedArguments arguments, CliIo io)
    {
        var file = FileOf(arguments, io);
        if (File.Exists(file)) return file;
        throw new UsageException($"there is no gateway store '{arguments.Get(Store) ?? Path.GetRelativePath(Path.GetFullPath(io.PathOf(".")), file)}'. `hydra gateway keys create --name NAME` makes one, or name another with --store.");
    }

    public static LedgerReport OpenReport(ParsedArguments arguments, CliIo io) => PlaceOf(arguments, io).OpenReport();

    /// <summary>A moment in the past: a day as <c>2026-08-01</c> in UTC, or an age as <c>30d</c>.</summary>
    public static DateTimeOffset SinceOf(ParsedArguments arguments, Option option, string byDefault, CliIo io)
    {
        var text = arguments.Get(option) ?? byDefault;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", out var day)) return new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        return io.Clock.GetUtcNow() - Age.Parse(text, option.Name, "a day such as 2026-08-01, or an age: 12h, 30d, 8w");
    }

    public static string Money(decimal usd) => usd < 0 ? $"-${-usd:0.00##########}" : $"${usd:0.00##########}";
    public static string Time(DateTimeOffset at) => at.ToString("yyyy-MM-dd HH:mm:ss");
    public static Value TextOrNull(string? text) => text is null ? Value.Null : Value.Of(text);
    public static Value Amount(decimal usd) => Value.Of((double)usd);
}
