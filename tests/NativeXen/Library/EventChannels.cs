using System.Runtime.InteropServices;
using XenVmEvent.Simulation;

namespace XenVmEvent.NativeXen;

/// <summary>
/// An open handle of event channels. Its descriptor is one end of a socket pair, which behaves like Xen's device: it is
/// readable while a port is pending, reading gives ports of 4 bytes each, and writing ports unmasks them. A vCPU holds no
/// gate while it writes to it: the program that this wakes may run at once, and must not wait for the vCPU.
/// </summary>
internal sealed unsafe class EventChannels
{
    /// <summary>Differs from the numbers at Xen's end, so that a confusion of the two shows.</summary>
    private const int FirstLocalPort = 0x100;

    private const int MostPorts = 256;

    private static readonly Lock AllGate = new();
    private static readonly List<EventChannels> All = [];

    private static int _lastLocalPort = FirstLocalPort - 1;

    private readonly Lock _gate = new();
    private readonly int _xenEnd;
    private volatile (SimulatedPorts Ports, uint Port, uint Local)[] _bound = [];
    private int _writers;
    private bool _isClosed;

    public EventChannels()
    {
        int* ends = stackalloc int[2];
        if (Libc.socketpair(Libc.UnixSockets, Libc.StreamCloseOnExec, 0, ends) < 0) throw new IOException("The system has no memory or descriptors left.");
        (Descriptor, _xenEnd) = (ends[0], ends[1]);
        lock (AllGate) All.Add(this);
        new Thread(UnmaskWhatIsWritten, maxStackSize: 128 * 1024) { IsBackground = true, Name = "event channels" }.Start();
    }

    /// <summary>The program's end.</summary>
    public int Descriptor { get; }

    /// <summary>Binds the port that enabling gave. Signals it once without cause, as Xen does.</summary>
    /// <returns>The local port; null when the guest has no such port.</returns>
    public uint? Bind(SimulatedMonitor monitor, uint remotePort)
    {
        if (monitor.Ports is not SimulatedPorts ports) return null;
        if (remotePort != ports.RingPort && !ports.SlotPorts.Contains(remotePort)) return null;
        lock (_gate)
        {
            // The signals from before anything was bound are taken from all ports, which masks them.
            Take(ports, stackalloc uint[MostPorts]);
            uint local = (uint)Interlocked.Increment(ref _lastLocalPort);
            _bound = [.. _bound, (ports, remotePort, local)];
            ports.Arrived = () => Forward(ports);
            _ = Libc.write(_xenEnd, &local, sizeof(uint));
            return local;
        }
    }

    /// <summary>Whether Xen's end of a local port exists. It disappears with the monitor.</summary>
    public static bool IsBound(uint local)
    {
        lock (AllGate) return All.Exists(channels => channels.Find(local) is { } bound && NativeHost.Monitors.Any(monitor => ReferenceEquals(bound.Ports, monitor.Ports)));
    }

    /// <summary>Signals a port to Xen.</summary>
    /// <returns>False when it is not bound.</returns>
    public bool Notify(uint local)
    {
        if (Find(local) is not { } bound) return false;
        bound.Ports.Notify(bound.Port);
        return true;
    }

    /// <summary>Lets a port signal again.</summary>
    /// <returns>False when it is not bound.</returns>
    public bool Unmask(uint local)
    {
        if (Find(local) is not { } bound) return false;
        bound.Ports.Unmask([bound.Port]);
        Forward(bound.Ports);
        return true;
    }

    /// <summary>Lets go of a port.</summary>
    /// <returns>False when it is not bound.</returns>
    public bool Unbind(uint local)
    {
        if (Find(local) is not { } bound) return false;
        bound.Ports.Close();
        return true;
    }

    public void Close()
    {
        lock (AllGate) All.Remove(this);
        lock (_gate)
        {
            foreach ((SimulatedPorts ports, _, _) in _bound) ports.Close();
            _isClosed = true;
            _ = Libc.close(Descriptor);
        }
    }

    private (SimulatedPorts Ports, uint Port)? Find(uint local)
    {
        foreach ((SimulatedPorts ports, uint port, uint its) in _bound)
        {
            if (its == local) return (ports, port);
        }

        return null;
    }

    /// <summary>Makes pending ports readable at the program's end. A port is masked from then on.</summary>
    private void Forward(SimulatedPorts ports)
    {
        Span<uint> signalled = stackalloc uint[MostPorts];
        int locals = 0;
        lock (_gate)
        {
            if (_isClosed) return;
            foreach (uint port in signalled[..Take(ports, signalled)])
            {
                int index = Array.FindIndex(_bound, one => one.Ports == ports && one.Port == port);
                if (index >= 0) signalled[locals++] = _bound[index].Local;
            }

            if (locals == 0) return;
            Interlocked.Increment(ref _writers);
        }

        fixed (uint* first = signalled) _ = Libc.write(_xenEnd, first, (nuint)locals * sizeof(uint));
        Interlocked.Decrement(ref _writers);
    }

    private static int Take(SimulatedPorts ports, Span<uint> signalled) => ports.Wait(signalled, TimeSpan.Zero);

    private void UnmaskWhatIsWritten()
    {
        uint* ports = stackalloc uint[MostPorts];
        PollFd written = new() { Fd = _xenEnd, Events = Libc.PollIn };
        while (true)
        {
            // Each read of the program would also wake a thread that sleeps in read. Xen's device never does that.
            _ = Libc.poll(&written, 1, timeout: -1);
            nint bytes = Libc.read(_xenEnd, ports, MostPorts * sizeof(uint));
            if (bytes < 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.EINTR) continue;
            if (bytes <= 0) break;
            for (int i = 0; i < bytes / sizeof(uint); i++) Unmask(ports[i]);
        }

        SpinWait.SpinUntil(() => Volatile.Read(ref _writers) == 0); // The number may be another file's next.
        _ = Libc.close(_xenEnd);
    }
}
