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

    /// <summary>The byte at a guest physical address; 0 if the guest has no memory there.</summary>
    public byte ByteAt(ulong address)
    {
        Span<byte> one = stackalloc byte[1];
        return TryRead(address, one) ? one[0] : (byte)0;
    }

    /// <summary>Replaces a byte in one step, if it is the expected one.</summary>
    /// <returns>False: there is another byte, or no memory.</returns>
    public bool TryReplace(ulong address, byte expected, byte value) =>
        address / PageSize < (ulong)_pages.Length
        && Interlocked.CompareExchange(ref PageAt(address / PageSize)[address % PageSize], value, expected) == expected;

    /// <summary>Reads 8 bytes at a guest physical address; 0 if the guest has no memory there.</summary>
    public ulong Read(ulong address)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        return TryRead(address, bytes) ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
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
        bytes.CopyTo(PageAt(gfn).AsSpan((int)(address % PageSize)));
    }

    private byte[] PageAt(ulong gfn)
    {
        if (Volatile.Read(ref _pages[gfn]) is { } page) return page;
        page = new byte[PageSize];
        Array.Fill(page, GuestImage.Filler(gfn));
        return Interlocked.CompareExchange(ref _pages[gfn], page, null) ?? page;
    }
}
