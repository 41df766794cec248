using System.Buffers.Binary;
using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>
/// A simulated guest's memory: its kernel's image, and zeros. A page takes room only once it is written.
/// </summary>
internal sealed class GuestMemory
{
    public const int PageSize = SharedMemory.PageSize;

    private readonly byte[]?[] _pages;
    private readonly GuestArchitecture _architecture;

    public GuestMemory(int pages, GuestArchitecture architecture)
    {
        _pages = new byte[]?[pages];
        _architecture = architecture;
        GuestImage.Load(this, architecture);
    }

    public int Pages => _pages.Length;

    /// <summary>Restores its initial contents.</summary>
    public void Reset()
    {
        Array.Clear(_pages);
        GuestImage.Load(this, _architecture);
    }

    /// <summary>Reads from a guest physical address on.</summary>
    /// <returns>False if the guest has no memory at one of the addresses.</returns>
    public bool TryRead(ulong address, Span<byte> into)
    {
        ulong size = (ulong)_pages.Length * PageSize;
        if (address > size || (ulong)into.Length > size - address) return false;
        while (into.Length > 0)
        {
            int offset = (int)(address % PageSize);
            int count = Math.Min(PageSize - offset, into.Length);
            ulong gfn = address / PageSize;
            if (Volatile.Read(ref _pages[gfn]) is { } page) page.AsSpan(offset, count).CopyTo(into);
            else into[..count].Fill(GuestImage.Filler(gfn));
            address += (ulong)count;
            into = into[count..];
        }

        return true;
    }

    /// <summary>Reads 8 bytes at a guest physical address; 0 if the guest has no memory there.</summary>
    public ulong Read(ulong address)
    {
        ulong gfn = address / PageSize;
        byte[]? page = gfn < (ulong)_pages.Length ? Volatile.Read(ref _pages[gfn]) : null;
        return page is null ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan((int)(address % PageSize)));
    }

    /// <summary>Writes 8 bytes at a guest physical address; does nothing if the guest has no memory there.</summary>
    public void Write(ulong address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Write(address, bytes);
    }

    /// <summary>
    /// Writes bytes within a page at a guest physical address; does nothing if the guest has no memory there.
    /// </summary>
    public void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        ulong gfn = address / PageSize;
        if (gfn >= (ulong)_pages.Length) return;
        byte[] page = Volatile.Read(ref _pages[gfn])
            ?? Interlocked.CompareExchange(ref _pages[gfn], new byte[PageSize], null)
            ?? _pages[gfn]!;
        bytes.CopyTo(page.AsSpan((int)(address % PageSize)));
    }
}
