using System.Diagnostics;
using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Learns from xenstored that some domain was shut down or destroyed (<c>@releaseDomain</c>), on a connection of its
/// own. Where xenstored does not tell, it might be so twice a second. Used by one thread.
/// </summary>
internal sealed unsafe class DomainEndWatch : IDisposable
{
    private const string Path = "@releaseDomain";
    private const int NoDescriptor = -1;

    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(500);

    private XenStoreHandle? _store;
    private long _lookedAt = Stopwatch.GetTimestamp();

    public DomainEndWatch()
    {
        XenStoreHandle store = XenStore.xs_open(0);
        if (!store.IsInvalid && XenStore.xs_watch(store, Path, Path))
        {
            Descriptor = XenStore.xs_fileno(store);
            _store = store;
        }
        else
        {
            store.Dispose();
        }
    }

    /// <summary>Readable when there is something to take; negative, which poll passes over, where there never is.</summary>
    public int Descriptor { get; private set; } = NoDescriptor;

    /// <summary>Whether a domain may have ended since the last time. Once at the beginning it says so for what was before.</summary>
    public bool Take()
    {
        if (_store is null)
        {
            if (Stopwatch.GetElapsedTime(_lookedAt) < LookPeriod) return false;
            _lookedAt = Stopwatch.GetTimestamp();
            return true;
        }

        bool any = false;
        byte** told;
        while ((told = XenStore.xs_check_watch(_store)) != null)
        {
            NativeMemory.Free(told); // One block holds the pointers and the names.
            any = true;
        }

        if ((Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR) return any;

        // The connection broke: it would be readable for ever.
        Dispose();
        return true;
    }

    public void Dispose()
    {
        Descriptor = NoDescriptor;
        _store?.Dispose();
        _store = null;
    }
}
