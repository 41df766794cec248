using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// A <c>xentoollog_logger</c> that logs nothing. Without one, Xen's libraries write to standard error, in addition to
/// the <see cref="XenException"/>.
/// </summary>
internal static unsafe class SilentLogger
{
    /// <summary>The logger. It lives as long as the process, because connections may.</summary>
    public static readonly nint Pointer = Create();

    private static nint Create()
    {
        // Its members: vmessage, progress (null: not wanted), destroy (only its creator calls it).
        nint* members = (nint*)NativeMemory.AllocZeroed(3, (nuint)sizeof(nint));
        members[0] = (nint)(delegate* unmanaged<nint, int, int, byte*, byte*, nint, void>)&Message;
        return (nint)members;
    }

    [UnmanagedCallersOnly]
    private static void Message(nint logger, int level, int errno, byte* context, byte* format, nint arguments)
    {
    }
}
