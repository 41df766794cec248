using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace XenVmEvent.Agent;

/// <summary>
/// Tells systemd how the service is, by datagrams to the socket that it names. Without such a socket nothing is told. From
/// any thread.
/// </summary>
public sealed class ServiceManager
{
    private const long MicrosecondsPerSecond = 1_000_000;

    private readonly UnixDomainSocketEndPoint? _socket;

    private ServiceManager(UnixDomainSocketEndPoint? socket, TimeSpan? watchdog)
    {
        _socket = socket;
        Watchdog = watchdog;
    }

    /// <summary>How long it may hear nothing before it kills the service; null: for ever.</summary>
    public TimeSpan? Watchdog { get; }

    /// <summary>The one that started this process.</summary>
    /// <param name="variable">The value of a variable of the environment; null if there is none.</param>
    public static ServiceManager Find(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        string? name = variable("NOTIFY_SOCKET");

        // A name that begins with @ is in no folder.
        UnixDomainSocketEndPoint? socket = name is { Length: > 1 } && name[0] is '/' or '@' ? new UnixDomainSocketEndPoint(name[0] == '@' ? $"\0{name[1..]}" : name) : null;
        bool isOurs = variable("WATCHDOG_PID") is not { } id || id == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        bool isGuarded = long.TryParse(variable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) && microseconds > 0 && isOurs;
        return new ServiceManager(socket, socket is not null && isGuarded ? TimeSpan.FromMicroseconds(microseconds) : null);
    }

    /// <summary>It works.</summary>
    public void TellReady(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>It reads its configuration again. <see cref="TellReady"/> ends that.</summary>
    public void TellReloading()
    {
        // Linux's monotonic clock, which is the stopwatch's too.
        long now = (long)((Int128)Stopwatch.GetTimestamp() * MicrosecondsPerSecond / Stopwatch.Frequency);
        Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={now}"));
    }

    /// <summary>It ends.</summary>
    public void TellStopping() => Send("STOPPING=1");

    /// <summary>It lives.</summary>
    public void FeedWatchdog() => Send("WATCHDOG=1");

    private void Send(string state)
    {
        if (_socket is null) return;
        try
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(state), _socket);
        }
        catch (SocketException)
        {
            // Nobody listens any more; systemd does not end a service for that.
        }
    }
}
