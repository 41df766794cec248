using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XenVmEvent.Abi;

/// <summary>
/// Memory that Xen and this process both see. Every access is checked against its length, and throws after
/// <see cref="Dispose"/>. Only one thread at a time may use it.
/// </summary>
public sealed unsafe class SharedMemory : IDisposable
{
    /// <summary>Bytes of a page on x86-64 and arm64.</summary>
    public const int PageSize = 4096;

    private readonly Action<nint, int>? _release;
    private byte* _start;

    /// <summary>Wraps mapped memory.</summary>
    /// <param name="start">Its address, aligned to 8 bytes.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="release">Unmaps it, given start and length; null when somebody else unmaps it.</param>
    public SharedMemory(nint start, int length, Action<nint, int>? release)
    {
        ArgumentOutOfRangeException.ThrowIfZero(start);
        ArgumentOutOfRangeException.ThrowIfNotEqual(start % sizeof(ulong), 0, nameof(start));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        _start = (byte*)start;
        Length = length;
        _release = release;
    }

    /// <summary>Its length in bytes; 0 once disposed.</summary>
    public int Length { get; private set; }

    /// <summary>Zeroed memory of this process, for a hypervisor inside it.</summary>
    public static SharedMemory Allocate(int length) =>
        new((nint)NativeMemory.AllocZeroed((nuint)length), length, static (start, _) => NativeMemory.Free((void*)start));

    /// <summary>Reads a word so that everything the other side wrote before it is visible afterwards.</summary>
    public uint ReadAcquire(int offset) => Volatile.Read(ref Word(offset));

    /// <summary>
    /// Writes a word so that the other side, once it sees it, also sees everything written before it.
    /// </summary>
    public void WriteRelease(int offset, uint value) => Volatile.Write(ref Word(offset), value);

    /// <summary>A part of the memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside this memory.</exception>
    public Span<byte> Slice(int offset, int length) => new Span<byte>(_start, Length).Slice(offset, length);

    /// <summary>Unmaps the memory.</summary>
    public void Dispose()
    {
        if (_start == null) return;
        nint start = (nint)_start;
        int length = Length;
        _start = null;
        Length = 0;
        _release?.Invoke(start, length);
    }

    private ref uint Word(int offset) => ref Unsafe.As<byte, uint>(ref MemoryMarshal.GetReference(Slice(offset, sizeof(uint))));
}
