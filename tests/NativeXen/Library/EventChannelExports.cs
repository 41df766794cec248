using System.Runtime.InteropServices;

namespace XenVmEvent.NativeXen;

/// <summary>The functions of libxenevtchn.</summary>
internal static unsafe class EventChannelExports
{
    private const string Prefix = "simulated_xenevtchn_";

    [UnmanagedCallersOnly(EntryPoint = Prefix + "open")]
    public static nint Open(nint logger, uint flags) => GCHandle.ToIntPtr(GCHandle.Alloc(new EventChannels()));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "close")]
    public static int Close(nint handle)
    {
        if (handle == 0) return 0;
        Of(handle).Close();
        GCHandle.FromIntPtr(handle).Free();
        return 0;
    }

    [UnmanagedCallersOnly(EntryPoint = Prefix + "fd")]
    public static int Descriptor(nint handle) => Of(handle).Descriptor;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "bind_interdomain")]
    public static int BindInterdomain(nint handle, uint domain, uint remotePort) =>
        NativeHost.FindMonitor(domain) is { } monitor && Of(handle).Bind(monitor, remotePort) is { } local
            ? (int)local
            : NativeHost.Fail(Errno.EINVAL);

    [UnmanagedCallersOnly(EntryPoint = Prefix + "unbind")]
    public static int Unbind(nint handle, uint port) => Of(handle).Unbind(port) ? 0 : NativeHost.Fail(Errno.EINVAL);

    /// <summary>The next port that is signalled; waits for one, as the read of Xen's device does.</summary>
    [UnmanagedCallersOnly(EntryPoint = Prefix + "pending")]
    public static int Pending(nint handle)
    {
        uint port;
        return Libc.read(Of(handle).Descriptor, &port, sizeof(uint)) == sizeof(uint)
            ? (int)port
            : NativeHost.Fail((Errno)Marshal.GetLastPInvokeError());
    }

    [UnmanagedCallersOnly(EntryPoint = Prefix + "unmask")]
    public static int Unmask(nint handle, uint port) => Of(handle).Unmask(port) ? 0 : NativeHost.Fail(Errno.EINVAL);

    [UnmanagedCallersOnly(EntryPoint = Prefix + "notify")]
    public static int Notify(nint handle, uint port)
    {
        try
        {
            if (!Of(handle).Notify(port)) return NativeHost.Fail(Errno.EINVAL);
            NativeHost.CountNotification();
            return 0;
        }
        catch (XenException e)
        {
            return NativeHost.Fail(e);
        }
    }

    private static EventChannels Of(nint handle) => (EventChannels)GCHandle.FromIntPtr(handle).Target!;
}
