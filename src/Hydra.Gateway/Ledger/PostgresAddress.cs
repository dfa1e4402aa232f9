using Hydra.Gateway.Pipeline;
using Npgsql;

namespace Hydra.Gateway.Ledger;

/// <summary>Where a PostgreSQL database is: a connection string, never shown, and the words for people.</summary>
internal sealed class PostgresAddress
{
    private const string Schema = "hydra_gateway";

    private readonly NpgsqlConnectionStringBuilder _builder;

    private PostgresAddress(NpgsqlConnectionStringBuilder builder)
    {
        // Not pooled: locks belong to a session, and a pool would keep the session after its end.
        builder.Pooling = false;
        builder.ApplicationName ??= "hydra gateway";
        builder.SearchPath ??= Schema;
        builder.PersistSecurityInfo = false;
        builder.MaxAutoPrepare = 40;
        builder.AutoPrepareMinUsages = 2;
        builder.IncludeErrorDetail = false;
        _builder = builder;
    }

    public string ConnectionString => _builder.ConnectionString;
    /// <summary>The schema that holds the tables.</summary>
    public string SchemaName => _builder.SearchPath!.Split(',')[0].Trim(' ', '"');
    public string User => _builder.Username ?? Environment.UserName;
    public string Database => _builder.Database ?? User;
    /// <summary>As <c>PostgreSQL at db:5432</c>, without secrets.</summary>
    public override string ToString() => $"PostgreSQL at {_builder.Host}:{_builder.Port}";

    /// <summary>Reads <c>postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require</c>, or Npgsql's <c>Host=…;Username=…</c>.</summary>
    /// <exception cref="GatewayConfigException">It is neither. The message repeats nothing of it.</exception>
    public static PostgresAddress Parse(string text, string at)
    {
        try
        {
            var builder = text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal) ? OfUrl(new Uri(text.Replace("@/", "@localhost/").Replace(":///", "://localhost/"))) : new NpgsqlConnectionStringBuilder(text);
            if (!string.IsNullOrEmpty(builder.Host)) return new PostgresAddress(builder);
        }
        catch (Exception wrong) when (wrong is ArgumentException or FormatException)
        {
            // Its message may repeat a secret.
        }
        throw new GatewayConfigException($"{at} leads to no address of PostgreSQL. Write postgres://USER:PASSWORD@HOST:5432/DATABASE there (options: sslmode, host for a folder of sockets), or Host=…;Username=…;Password=…;Database=….");
    }

    private static NpgsqlConnectionStringBuilder OfUrl(Uri url)
    {
        var user = url.UserInfo.Split(':', 2);
        var builder = new NpgsqlConnectionStringBuilder { Host = Uri.UnescapeDataString(url.Host), Port = url.Port > 0 ? url.Port : 5432 };
        if (user[0].Length > 0) builder.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length == 2) builder.Password = Uri.UnescapeDataString(user[1]);
        if (url.AbsolutePath.Length > 1) builder.Database = Uri.UnescapeDataString(url.AbsolutePath[1..]);
        foreach (var option in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = option.Split('=', 2);
            var value = Uri.UnescapeDataString(parts[^1]);
            switch (parts[0])
            {
                case "sslmode": builder["SSL Mode"] = value.Replace("-", ""); break;
                case "host": builder.Host = value; break;
                case "connect_timeout": builder["Timeout"] = value; break;
                case "application_name": builder.ApplicationName = value; break;
                default: throw new FormatException();
            }
        }
        return builder;
    }
}
