using System.Buffers.Binary;
using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor.Simulation;

/// <summary>A simulated guest's memory. A page takes room once it is written.</summary>
internal sealed class GuestMemory(int pages)
{
    public const int PageSize = SharedMemory.PageSize;

    private readonly byte[]?[] _pages = new byte[]?[pages];

    public int Pages => _pages.Length;

    /// <summary>Makes all of it what it was in the beginning: 0.</summary>
    public void Reset() => Array.Clear(_pages);

    /// <summary>Reads 8 bytes at a guest physical address; 0 where the guest has no memory.</summary>
    public ulong Read(ulong address)
    {
        ulong gfn = address / PageSize;
        byte[]? page = gfn < (ulong)_pages.Length ? Volatile.Read(ref _pages[gfn]) : null;
        return page is null ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan((int)(address % PageSize)));
    }

    /// <summary>Writes 8 bytes at a guest physical address; nothing where the guest has no memory.</summary>
    public void Write(ulong address, ulong value)
    {
        ulong gfn = address / PageSize;
        if (gfn >= (ulong)_pages.Length) return;
        byte[] page = Volatile.Read(ref _pages[gfn])
            ?? Interlocked.CompareExchange(ref _pages[gfn], new byte[PageSize], null)
            ?? _pages[gfn]!;
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan((int)(address % PageSize)), value);
    }
}
