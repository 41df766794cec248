using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// All event channels of a monitor on one handle, an eventfd to wake the waiting thread, and xenstore's news of domains
/// that end.
/// </summary>
internal sealed unsafe class XenEventPorts : IEventPorts, IDisposable
{
    private readonly XenEventChannelHandle _channels;
    private readonly SafeFileHandle _wake;
    private readonly DomainNews _releases;
    private readonly int _fd;
    private uint[] _slotPorts = [];
    private bool _hasDomainNews;

    /// <summary>Opens the handle, without any port yet.</summary>
    /// <exception cref="XenException">It cannot be opened.</exception>
    public XenEventPorts()
    {
        _channels = XenEventChannelHandle.Open();
        _fd = XenEventChannel.xenevtchn_fd(_channels);
        _wake = Libc.eventfd(0, Libc.EventFdNonBlocking | Libc.EventFdCloseOnExec);
        if (_wake.IsInvalid)
        {
            XenException error = Failure(nameof(Libc.eventfd));
            _channels.Dispose();
            throw error;
        }

        _releases = new DomainNews(DomainNews.Released);
    }

    public uint RingPort { get; private set; }

    public IReadOnlyList<uint> SlotPorts => _slotPorts;

    /// <summary>Binds the ports that enabling returned. Each is then signalled once for no reason.</summary>
    public void Bind(uint domain, XenChannel channel)
    {
        RingPort = Bind(domain, channel.RingPort);
        _slotPorts = [.. channel.SlotPorts.Select(remote => Bind(domain, remote))];
    }

    public int Wait(Span<uint> signalled, TimeSpan timeout)
    {
        ArgumentOutOfRangeException.ThrowIfZero(signalled.Length, nameof(signalled));
        long start = Stopwatch.GetTimestamp();
        if (_releases.Descriptor < 0 && timeout > DomainNews.LookPeriod) timeout = DomainNews.LookPeriod;
        TimeSpan left = timeout;
        PollFd* fds = stackalloc PollFd[]
        {
            new PollFd { Fd = _fd, Events = Libc.PollIn },
            new PollFd { Fd = (int)_wake.DangerousGetHandle(), Events = Libc.PollIn },
            new PollFd { Fd = _releases.Descriptor, Events = Libc.PollIn },
        };
        while (true)
        {
            int ready = Libc.poll(fds, 3, (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue));
            if (ready < 0 && (Errno)Marshal.GetLastPInvokeError() != Errno.EINTR) throw Failure(nameof(Libc.poll));
            _hasDomainNews |= fds[2].Fd < 0 || (ready > 0 && fds[2].Returned != 0);
            if (ready > 0 && fds[1].Returned != 0) _ = Libc.eventfd_read(_wake, out _, sizeof(ulong));

            // Only now: a read of event channels sleeps when none is pending.
            if (ready > 0 && (fds[0].Returned & (Libc.PollIn | Libc.PollError)) != 0) return Read(signalled);
            if (ready >= 0) return 0;
            left = timeout - Stopwatch.GetElapsedTime(start);
        }
    }

    public void Unmask(ReadOnlySpan<uint> ports)
    {
        if (ports.Length == 1)
        {
            if (XenEventChannel.xenevtchn_unmask(_channels, ports[0]) < 0) throw Failure(nameof(XenEventChannel.xenevtchn_unmask));
            return;
        }

        // The library takes one at a time; Xen's device takes them all.
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(ports);
        while (!bytes.IsEmpty)
        {
            nint written;
            fixed (byte* first = bytes) written = Libc.write(_fd, first, (nuint)bytes.Length);
            if (written >= 0) bytes = bytes[(int)written..];
            else if (!IsPassing(Marshal.GetLastPInvokeError())) throw Failure(nameof(Libc.write));
        }
    }

    public void Notify(uint port)
    {
        if (XenEventChannel.xenevtchn_notify(_channels, port) < 0) throw Failure(nameof(XenEventChannel.xenevtchn_notify));
    }

    public bool TakeDomainNews()
    {
        if (!_hasDomainNews) return false;
        _hasDomainNews = false;
        return _releases.Take();
    }

    public void Wake()
    {
        try
        {
            // The only possible failure is that the counter is full: then the waiter has already been woken.
            _ = Libc.eventfd_write(_wake, 1, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
    }

    public void Dispose()
    {
        _channels.Dispose();
        _wake.Dispose();
        _releases.Dispose();
    }

    private static bool IsPassing(int errno) => (Errno)errno is Errno.EINTR or Errno.EAGAIN;

    private static XenException Failure(string call)
    {
        int errno = Marshal.GetLastPInvokeError();
        return new XenException(
            XenErrorId.CallFailed, call, (Errno)errno, "The event channels no longer work.", "Start the session again; see dmesg for the cause.");
    }

    private int Read(Span<uint> signalled)
    {
        nint bytes;
        fixed (uint* first = signalled) bytes = Libc.read(_fd, first, (nuint)signalled.Length * sizeof(uint));
        if (bytes >= 0) return (int)bytes / sizeof(uint);
        return IsPassing(Marshal.GetLastPInvokeError()) ? 0 : throw Failure(nameof(Libc.read));
    }

    private uint Bind(uint domain, uint remotePort)
    {
        int local = XenEventChannel.xenevtchn_bind_interdomain(_channels, domain, remotePort);
        return local >= 0 ? (uint)local : throw Failure(nameof(XenEventChannel.xenevtchn_bind_interdomain));
    }
}
