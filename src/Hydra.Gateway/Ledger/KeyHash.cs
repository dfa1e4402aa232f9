using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Hydra.Model;

namespace Hydra.Gateway.Ledger;

/// <summary>
/// Hashes presented keys with a secret of this store, kept beside it for its owner's eyes only: a copy of the database alone tells
/// nothing about keys, and nobody outside can choose what is compared.
/// </summary>
internal sealed class KeyHash
{
    private const int PepperBytes = 32, SecretBytes = 32;
    /// <summary>Longest text that can be a key; longer ones are not hashed at all.</summary>
    public const int PresentedCharsMax = 512;
    public const string Start = "sk-hydra-";

    private readonly byte[] _pepper;

    private KeyHash(byte[] pepper) => _pepper = pepper;

    public static byte[] NewPepper() => RandomNumberGenerator.GetBytes(PepperBytes);

    /// <summary>With the secret of a store that keeps it itself.</summary>
    public static KeyHash Of(byte[] pepper) => new(pepper);

    /// <summary>Reads the pepper beside the store, or makes it for a store without keys.</summary>
    /// <exception cref="StoreException">It is gone, damaged or cannot be read.</exception>
    public static KeyHash Open(string file, bool hasKeys)
    {
        var path = file + ".pepper";
        try
        {
            if (!File.Exists(path))
            {
                if (hasKeys) throw new StoreException(StoreFault.Missing, $"{path} is missing: without it no key of {file} can be recognised. Restore it from a copy, or rotate every key after making a new store.");
                Make(path);
            }
            var pepper = File.ReadAllBytes(path);
            if (pepper.Length != PepperBytes) throw new StoreException(StoreFault.Corrupt, $"{path} is damaged: it has {pepper.Length} bytes instead of {PepperBytes}. Restore it from a copy.");
            return new KeyHash(pepper);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw LedgerSchema.Explain(failed, path);
        }
    }

    public Hash256 Of(string presented)
    {
        Span<byte> text = stackalloc byte[PresentedCharsMax * 3];
        var length = Encoding.UTF8.GetBytes(presented, text);
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(_pepper, text[..length], hash);
        return Hash256.Read(hash);
    }

    public static string NewSecret() => Start + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>Written whole under another name first: another process never reads half of it, and the first one wins.</summary>
    private static void Make(string path)
    {
        var draft = $"{path}.{Guid.NewGuid():n}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(draft, options)) stream.Write(NewPepper());
        try
        {
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(draft);
        }
    }
}

/// <summary>A hash as a value that compares.</summary>
internal readonly record struct Hash256(ulong A, ulong B, ulong C, ulong D)
{
    public static Hash256 Read(ReadOnlySpan<byte> bytes) => new(BitConverter.ToUInt64(bytes), BitConverter.ToUInt64(bytes[8..]), BitConverter.ToUInt64(bytes[16..]), BitConverter.ToUInt64(bytes[24..]));
    public byte[] ToArray() => [.. BitConverter.GetBytes(A), .. BitConverter.GetBytes(B), .. BitConverter.GetBytes(C), .. BitConverter.GetBytes(D)];
}
