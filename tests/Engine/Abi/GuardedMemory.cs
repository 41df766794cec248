using System.Runtime.InteropServices;
using XenVmEvent.Abi;
using Xunit;

namespace XenVmEvent.Tests.Abi;

/// <summary>Shared memory between bytes that nobody may write.</summary>
internal sealed class GuardedMemory : IDisposable
{
    private const int Guard = SharedMemory.PageSize;
    private const byte Untouched = 0xa5;

    private readonly nint _start;
    private readonly int _length;
    private readonly SharedMemory _all;

    public GuardedMemory(int length)
    {
        _length = length;
        _start = Marshal.AllocHGlobal(length + 2 * Guard);
        _all = new SharedMemory(_start, length + 2 * Guard, (start, _) => Marshal.FreeHGlobal(start));
        _all.Slice(0, _all.Length).Fill(Untouched);
        Memory = Map();
        Memory.Slice(0, length).Clear();
    }

    /// <summary>The memory between the guards.</summary>
    public SharedMemory Memory { get; }

    /// <summary>The same for another thread.</summary>
    public SharedMemory Map() => new(_start + Guard, _length, null);

    public void AssertGuardsAreUntouched()
    {
        Assert.Equal(-1, _all.Slice(0, Guard).IndexOfAnyExcept(Untouched));
        Assert.Equal(-1, _all.Slice(Guard + _length, Guard).IndexOfAnyExcept(Untouched));
    }

    public void Dispose()
    {
        Memory.Dispose();
        _all.Dispose();
    }
}
