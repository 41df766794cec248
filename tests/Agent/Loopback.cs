using System.Net;
using System.Net.Sockets;

namespace XenVmEvent.Agent.Tests;

/// <summary>Addresses of this machine alone.</summary>
internal static class Loopback
{
    /// <summary>One that nobody uses.</summary>
    public static IPEndPoint FreeAddress()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)probe.LocalEndPoint!;
    }
}
