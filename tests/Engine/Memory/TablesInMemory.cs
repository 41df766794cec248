using System.Buffers.Binary;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Tests.Memory;

/// <summary>
/// A domain's memory with page tables as an operating system writes them. The rest reads as its own address.
/// </summary>
internal sealed class TablesInMemory(PagingRegisters paging) : IDomainMemory
{
    public const ulong Root = 0x10_0000;

    private const ulong EndOfMemory = 1UL << 46;

    private readonly Dictionary<ulong, byte> _written = [];
    private ulong _next = Root + 0x1000;

    /// <summary>Maps a page, making what tables are missing.</summary>
    /// <param name="linear">The linear address of the page.</param>
    /// <param name="entry">Its entry: its address and the present bit.</param>
    /// <param name="path">
    /// For each level from the top: how far the address is shifted for its index, in how many bits.
    /// </param>
    /// <param name="entryBytes">How long an entry is.</param>
    public void Map(ulong linear, ulong entry, (int Shift, int Bits)[] path, int entryBytes)
    {
        ulong table = paging.Cr3;
        foreach ((int shift, int bits) in path[..^1])
        {
            ulong at = EntryAt(table, linear, shift, bits, entryBytes);
            ulong next = Read(at, entryBytes);
            if (next == 0)
            {
                next = _next | 1;
                _next += 0x1000;
                Write(at, next, entryBytes);
            }

            table = next & ~0xfffUL;
        }

        Write(EntryAt(table, linear, path[^1].Shift, path[^1].Bits, entryBytes), entry, entryBytes);
    }

    public bool TryRead(ulong address, Span<byte> into)
    {
        if (address >= EndOfMemory) return false;
        for (int i = 0; i < into.Length; i++) into[i] = _written.GetValueOrDefault(address + (ulong)i);
        return true;
    }

    public PagingRegisters GetPagingRegisters(uint vcpu) => paging;

    public ulong GetSyscallEntry(uint vcpu) => 0;

    public bool TryReplace(ulong address, byte expected, byte value)
    {
        if (address >= EndOfMemory || _written.GetValueOrDefault(address) != expected) return false;
        _written[address] = value;
        return true;
    }

    public void Dispose()
    {
    }

    private static ulong EntryAt(ulong table, ulong linear, int shift, int bits, int entryBytes) =>
        table + (linear >> shift & ((1UL << bits) - 1)) * (ulong)entryBytes;

    private ulong Read(ulong address, int bytes)
    {
        byte[] buffer = new byte[sizeof(ulong)];
        TryRead(address, buffer.AsSpan(0, bytes));
        return BinaryPrimitives.ReadUInt64LittleEndian(buffer);
    }

    private void Write(ulong address, ulong value, int bytes)
    {
        for (int i = 0; i < bytes; i++) _written[address + (ulong)i] = (byte)(value >> (8 * i));
    }
}
