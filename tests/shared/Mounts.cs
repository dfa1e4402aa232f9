using System.Diagnostics;

namespace Hydra.Tests.Shared;

/// <summary>File systems of a test's own: small, read-only, gone with the process that mounted them.</summary>
public static class Mounts
{
    private static readonly Lazy<string?> Tried = new(Try);

    /// <summary>Null: they can be made here.</summary>
    public static string? WhyNot => Tried.Value;

    private static string? Try()
    {
        if (!OperatingSystem.IsLinux()) return "file systems are mounted with Linux's namespaces";
        try
        {
            using var tried = Process.Start(new ProcessStartInfo("unshare", ["-Urm", "mount", "-t", "tmpfs", "none", "/mnt"]) { UseShellExecute = false, RedirectStandardError = true })!;
            var said = tried.StandardError.ReadToEnd();
            tried.WaitForExit();
            return tried.ExitCode == 0 ? null : $"nothing can be mounted here: {said.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return $"`unshare` cannot be started: {missing.Message}";
        }
    }
}
