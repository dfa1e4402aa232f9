using Hydra.Gateway.Ledger;
using Hydra.Model;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>The secret beside a SQLite store, without which its keys tell nothing.</summary>
public sealed class KeyPepperTests : IDisposable
{
    private readonly LedgerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task No_key_stands_in_the_store()
    {
        string secret;
        await using (var ledger = await _folder.OpenAsync())
        {
            using var keys = new KeyRing(ledger, _folder);
            secret = (await keys.CreateAsync(new NewKey { Name = "ci" })).Secret;
        }
        Assert.True(secret.Length > 40);
        foreach (var file in Directory.EnumerateFiles(_folder.Folder)) Assert.DoesNotContain(secret[13..], await File.ReadAllTextAsync(file, System.Text.Encoding.Latin1));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.File + ".pepper"));
    }

    [Fact]
    public async Task Keys_without_their_pepper_are_an_error_that_says_so()
    {
        await using var ledger = await _folder.OpenAsync();
        using (var keys = new KeyRing(ledger, _folder)) await keys.CreateAsync(new NewKey { Name = "ci" });
        File.Delete(_folder.File + ".pepper");
        Assert.Equal(StoreFault.Missing, Assert.Throws<StoreException>(() => new KeyRing(ledger, _folder)).Fault);
    }
}
