using System.Diagnostics;

namespace Hydra.Tests.Shared;

/// <summary>A PostgreSQL server of the tests' own, with its data in a folder and reached through a socket there. It starts when it is first asked for.</summary>
public sealed class PostgresServer : IDisposable
{
    private const string Versions = "/usr/lib/postgresql";
    private readonly Lock _starting = new();
    private string? _folder;
    private string _programs = "";
    private int _databases;

    /// <summary>Where its socket is.</summary>
    public string Host => Started();

    /// <summary>Makes a database and gives its connection string.</summary>
    public string NewDatabase()
    {
        var name = $"d{Interlocked.Increment(ref _databases)}";
        Sql("postgres", $"CREATE DATABASE {name}");
        return $"Host={Host};Username=hydra;Database={name}";
    }

    public void Sql(string database, string statements) => AsUser(Path.Combine(Programs(), "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-h", Host, "-U", "hydra", "-d", database, "-c", statements);

    public void Start() => AsUser(Path.Combine(_programs, "pg_ctl"), "-D", Data, "-w", "-l", Path.Combine(_folder!, "log"), "-o", $"-k {_folder} -c listen_addresses= -c fsync=off -c max_connections=200", "start");

    /// <summary>As if it were killed: every session is gone, and what was committed is there again after <see cref="Start"/>.</summary>
    public void Kill() => AsUser(Path.Combine(_programs, "pg_ctl"), "-D", Data, "-m", "immediate", "-w", "stop");

    /// <summary>From now on this user is asked for a password.</summary>
    public void AskForPassword(string user)
    {
        Started();
        var rules = Path.Combine(Data, "pg_hba.conf");
        File.WriteAllText(rules, $"local all {user} scram-sha-256\n" + File.ReadAllText(rules));
        AsUser(Path.Combine(_programs, "pg_ctl"), "-D", Data, "reload");
    }

    public void Dispose()
    {
        if (_folder is null) return;
        if (File.Exists(Path.Combine(Data, "postmaster.pid"))) Kill();
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder!, "data");

    private string Programs()
    {
        Started();
        return _programs;
    }

    private string Started()
    {
        lock (_starting)
        {
            if (_folder is not null) return _folder;
            var programs = Directory.Exists(Versions) ? Directory.GetDirectories(Versions).Order(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin")).LastOrDefault(bin => File.Exists(Path.Combine(bin, "initdb"))) : null;
            if (programs is null) throw new InvalidOperationException("PostgreSQL's server is not here; .ci/run installs it (Debian: apt-get install postgresql)");
            (_programs, _folder) = (programs, Directory.CreateTempSubdirectory("hydra-pg-").FullName);
            // The server refuses to run as root: its folder is handed to an account without rights.
            if (Environment.IsPrivilegedProcess) Run("chown", "nobody", _folder);
            Run("chmod", "755", _folder);
            AsUser(Path.Combine(programs, "initdb"), "-D", Data, "--auth=trust", "-U", "hydra", "-E", "UTF8", "--no-sync");
            Start();
            return _folder;
        }
    }

    private static void AsUser(string program, params string[] arguments)
    {
        if (Environment.IsPrivilegedProcess) Run("setpriv", ["--reuid=nobody", "--regid=nogroup", "--clear-groups", program, .. arguments]);
        else Run(program, arguments);
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        // The server that pg_ctl starts keeps the streams open, so they are not read to their end.
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }
}
