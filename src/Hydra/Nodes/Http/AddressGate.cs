using System.Collections.Concurrent;
using System.Net;
using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>
/// Says which addresses a name may be connected to: those it was resolved to for this connection, and of these only what is allowed. A name that has
/// led to the internet may not lead inwards later: whoever owns it could point it at this machine once it is trusted. Safe for many threads.
/// </summary>
internal sealed class AddressGate(Func<string, CancellationToken, Task<IPAddress[]>> resolve)
{
    private const int NamesMax = 10_000;
    private readonly ConcurrentDictionary<string, byte> _public = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="isAllowedByName">The author of the workflow lists the host: it may lie inwards, but where machines are told who they are (link-local) only as an address.</param>
    /// <exception cref="CallFailedException">None of its addresses may be reached.</exception>
    public async Task<IPAddress[]> ReachableAsync(string host, bool isAllowedByName, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var literal)) return isAllowedByName || PublicAddress.Is(literal) ? [literal] : throw Refused($"'{host}' leads to {literal}, which is no public address. If that is meant, list the host in `allow_hosts`");
        var addresses = await resolve(host, cancellationToken);
        var open = Array.FindAll(addresses, PublicAddress.Is);
        if (open.Length > 0)
        {
            if (_public.Count < NamesMax) _public.TryAdd(host, 0);
            return open;   // never one that lies inwards beside one that does not
        }
        if (addresses.Length == 0) return [];
        if (!isAllowedByName) throw Refused($"'{host}' leads to {addresses[0]}, which is no public address. If that is meant, list the host in `allow_hosts`");
        if (_public.ContainsKey(host)) throw Refused($"'{host}' led to the internet before and leads to {addresses[0]} now, which is no public address. If that is meant, list the address itself in `allow_hosts`");
        var inward = Array.FindAll(addresses, address => !IsLinkLocal(address));
        return inward.Length > 0 ? inward : throw Refused($"'{host}' leads to {addresses[0]}, where machines are told who they are. If that is meant, list the address itself in `allow_hosts`");
    }

    private static bool IsLinkLocal(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.IsIPv6LinkLocal || (address.GetAddressBytes() is [169, 254, _, _]);
    }

    private static CallFailedException Refused(string why) => new(ErrorCode.PolicyDenied, why);
}
