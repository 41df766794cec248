using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>xenstored's news of domains, and an eventfd to wake the waiting thread.</summary>
internal sealed unsafe class XenDomainListWatch : IDomainListWatch
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(500);

    private readonly DomainDirectory _directory;
    private readonly DomainNews _news;
    private readonly SafeFileHandle _wake;
    private readonly XenCtrlHandle _xen;

    /// <param name="directory">The domains; not disposed.</param>
    /// <exception cref="XenException">There is no descriptor left.</exception>
    public XenDomainListWatch(DomainDirectory directory)
    {
        _directory = directory;
        _wake = Libc.eventfd(0, Libc.EventFdNonBlocking | Libc.EventFdCloseOnExec);
        if (_wake.IsInvalid) throw Failure(nameof(Libc.eventfd));
        _xen = XenCtrlHandle.Open();
        _news = new DomainNews(DomainNews.Introduced, DomainNews.Released);
    }

    public bool Wait(TimeSpan timeout)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - Stopwatch.GetElapsedTime(start);
            if (_news.Descriptor < 0 && (left > LookPeriod || left == Timeout.InfiniteTimeSpan)) left = LookPeriod;
            if (Poll(left, out bool isWoken)) return true;
            if (isWoken || (timeout != Timeout.InfiniteTimeSpan && Stopwatch.GetElapsedTime(start) >= timeout)) return false;
        }
    }

    public bool IsComplete(XenDomain domain) => _directory.IsComplete(domain);

    public IReadOnlyList<XenDomain> FindNew() => _directory.ListNew();

    public IDisposable? HoldBack(XenDomain domain) => XenPause.HoldBack(_xen, domain);

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
        _news.Dispose();
        _xen.Dispose();
        _wake.Dispose();
    }

    private static XenException Failure(string call)
    {
        int errno = Marshal.GetLastPInvokeError();
        return new XenException(XenErrorId.CallFailed, call, (Errno)errno, "Domains that start cannot be waited for.", "Start again; see dmesg for the cause.");
    }

    /// <returns>Whether there may be news.</returns>
    private bool Poll(TimeSpan timeout, out bool isWoken)
    {
        PollFd* fds = stackalloc PollFd[]
        {
            new PollFd { Fd = _news.Descriptor, Events = Libc.PollIn },
            new PollFd { Fd = (int)_wake.DangerousGetHandle(), Events = Libc.PollIn },
        };
        int milliseconds = timeout == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Clamp(Math.Ceiling(timeout.TotalMilliseconds), 0, int.MaxValue);
        int ready = Libc.poll(fds, 2, milliseconds);
        if (ready < 0 && (Errno)Marshal.GetLastPInvokeError() != Errno.EINTR) throw Failure(nameof(Libc.poll));
        isWoken = ready > 0 && fds[1].Returned != 0;
        if (isWoken) _ = Libc.eventfd_read(_wake, out _, sizeof(ulong));
        return (fds[0].Fd < 0 || (ready > 0 && fds[0].Returned != 0)) && _news.Take();
    }
}
