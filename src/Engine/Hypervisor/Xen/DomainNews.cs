using System.Diagnostics;
using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Learns from xenstored that some domain was introduced, shut down or destroyed, on its own connection. If xenstored
/// does not tell, it assumes so twice a second. Used by one thread.
/// </summary>
internal sealed unsafe class DomainNews : IDisposable
{
    /// <summary>A domain was made, and its toolstack has introduced it to xenstored.</summary>
    public const string Introduced = "@introduceDomain";

    /// <summary>A domain was shut down or destroyed.</summary>
    public const string Released = "@releaseDomain";

    /// <summary>How often it assumes so.</summary>
    public static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(500);

    private const int NoDescriptor = -1;

    private XenStoreHandle? _store;
    private long _lookedAt = Stopwatch.GetTimestamp();

    /// <param name="paths">What to learn of.</param>
    public DomainNews(params ReadOnlySpan<string> paths)
    {
        XenStoreHandle store = XenStore.xs_open(0);
        if (!store.IsInvalid && WatchAll(store, paths))
        {
            Descriptor = XenStore.xs_fileno(store);
            _store = store;
        }
        else
        {
            store.Dispose();
        }
    }

    /// <summary>Readable when there is news; negative, which poll ignores, if there never is any.</summary>
    public int Descriptor { get; private set; } = NoDescriptor;

    /// <summary>
    /// Whether there may be news since the last call. The first call returns true, for what happened before it.
    /// </summary>
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
            NativeMemory.Free(told); // The pointers and the names are in one block.
            any = true;
        }

        if ((Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR) return any;

        // The connection is broken: it would stay readable forever.
        Dispose();
        return true;
    }

    public void Dispose()
    {
        Descriptor = NoDescriptor;
        _store?.Dispose();
        _store = null;
    }

    private static bool WatchAll(XenStoreHandle store, ReadOnlySpan<string> paths)
    {
        foreach (string path in paths)
        {
            if (!XenStore.xs_watch(store, path, path)) return false;
        }

        return true;
    }
}
