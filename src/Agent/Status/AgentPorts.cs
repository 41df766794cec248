using System.Net;
using System.Net.Sockets;

namespace XenVmEvent.Agent;

/// <summary>Where the agent's status and metrics are to be had. Used by one thread at a time.</summary>
/// <param name="status">The status at the moment.</param>
/// <param name="log">Told when metrics cannot be written.</param>
internal sealed class AgentPorts(Func<AgentStatus> status, AgentLog log) : IDisposable
{
    private readonly Dictionary<Port, IDisposable> _open = [];

    /// <summary>Opens what a configuration names, and leaves open what is.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidConfiguration"/>. Nothing has changed.</exception>
    public void Open(AgentConfiguration configuration)
    {
        List<Port> opened = [];
        try
        {
            foreach (Port port in PortsOf(configuration))
            {
                if (_open.ContainsKey(port)) continue;
                _open.Add(port, Open(port));
                opened.Add(port);
            }
        }
        catch
        {
            foreach (Port port in opened) Close(port);
            throw;
        }
    }

    /// <summary>Closes what a configuration does not name.</summary>
    public void CloseOthers(AgentConfiguration configuration)
    {
        foreach (Port port in _open.Keys.Except(PortsOf(configuration)).ToArray()) Close(port);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Port port in _open.Keys.ToArray()) Close(port);
    }

    private static IEnumerable<Port> PortsOf(AgentConfiguration configuration)
    {
        (StatusSettings its, MetricsSettings metrics) = (configuration.Status, configuration.Metrics);
        yield return new StatusPort(its.Socket, its.Group);
        if (metrics.Listen is { } address) yield return new MetricsAddress(address);
        if (metrics.Socket is { } socket) yield return new MetricsSocket(socket, its.Group);
        if (metrics.TextFile is { } file) yield return new MetricsPath(file, metrics.Period);
    }

    private IDisposable Open(Port port) => port switch
    {
        StatusPort { Path: var path, Group: var group } => new LocalServer(UnixListener.Open(path, group), Answer, () => File.Delete(path)),
        MetricsAddress { Address: var address } => MetricsServer.Listen(address, Metrics),
        MetricsSocket { Path: var path, Group: var group } => MetricsServer.Listen(path, group, Metrics),
        MetricsPath { Path: var path, Period: var period } => new MetricsFile(path, period, Metrics, log),
        _ => throw new ArgumentOutOfRangeException(nameof(port)),
    };

    private void Close(Port port)
    {
        _open.Remove(port, out IDisposable? its);
        its?.Dispose();
    }

    private string Metrics() => MetricsText.Of(status());

    private void Answer(Socket client)
    {
        ReadOnlySpan<byte> bytes = StatusJson.Of(status()).Span;
        while (!bytes.IsEmpty) bytes = bytes[client.Send(bytes)..];
        client.Shutdown(SocketShutdown.Both);
    }

    private abstract record Port;

    private sealed record StatusPort(string Path, string? Group) : Port;

    private sealed record MetricsAddress(IPEndPoint Address) : Port;

    private sealed record MetricsSocket(string Path, string? Group) : Port;

    private sealed record MetricsPath(string Path, TimeSpan Period) : Port;
}
