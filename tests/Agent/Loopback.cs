using System.Net;
using System.Net.Sockets;

namespace XenVmEvent.Agent.Tests;

/// <summary>Addresses of this machine alone.</summary>
internal static class Loopback
{
    /// <summary>One of which all ports are free: nobody else takes it.</summary>
    public static string NewAddress() => $"127.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(1, 255)}";

    /// <summary>One that nobody uses, with its port.</summary>
    public static IPEndPoint FreeAddress()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)probe.LocalEndPoint!;
    }
}
