using System.Buffers.Binary;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Memory;

/// <summary>
/// Walks a guest's page tables as the processor does: all paging modes of x86 (Intel's manual, volume 3, chapter 4).
/// </summary>
internal static class PageTables
{
    private const ulong PagingEnabled = 1UL << 31;
    private const ulong PageSizeExtensions = 1 << 4;
    private const ulong PhysicalAddressExtension = 1 << 5;
    private const ulong FiveLevels = 1 << 12;
    private const ulong LongModeActive = 1 << 10;
    private const ulong NoExecuteEnabled = 1 << 11;

    private const ulong Present = 1;
    private const ulong User = 1 << 2;
    private const ulong NoExecute = 1UL << 63;
    private const ulong IsPage = 1 << 7;
    private const ulong Frame = 0x000f_ffff_ffff_f000;

    private const int PageBits = 12;
    private const int IndexBits = 9;
    private const int ShortIndexBits = 10;
    private const ulong ShortLargePage = (1 << 22) - 1;

    /// <summary>Whether the processor translates addresses at all.</summary>
    public static bool IsPaging(PagingRegisters paging) => (paging.Cr0 & PagingEnabled) != 0;

    /// <summary>The guest physical address of a linear address, without checking permissions.</summary>
    /// <returns>False if the tables have no page there, or point to where the domain has no memory.</returns>
    public static bool TryTranslate(IDomainMemory memory, PagingRegisters paging, ulong linear, out ulong physical) =>
        TryTranslate(memory, paging, linear, out physical, out _);

    /// <summary>The same for an instruction of the kernel, which its programs cannot execute.</summary>
    /// <returns>False also if the page is not executable, or is the programs'.</returns>
    public static bool TryTranslateKernelCode(IDomainMemory memory, PagingRegisters paging, ulong linear, out ulong physical)
    {
        if (!TryTranslate(memory, paging, linear, out physical, out ulong rights)) return false;
        bool isExecutable = (paging.Efer & NoExecuteEnabled) == 0 || (rights & NoExecute) == 0;
        return isExecutable && (rights & User) == 0;
    }

    /// <param name="memory">The domain's memory.</param>
    /// <param name="paging">How a vCPU translates addresses.</param>
    /// <param name="linear">The linear address.</param>
    /// <param name="physical">The guest physical address.</param>
    /// <param name="rights">
    /// <see cref="User"/> and <see cref="NoExecute"/>, as all levels together have them.
    /// </param>
    private static bool TryTranslate(IDomainMemory memory, PagingRegisters paging, ulong linear, out ulong physical, out ulong rights)
    {
        physical = (uint)linear;
        rights = 0;
        if (!IsPaging(paging)) return true;
        rights = User;
        if ((paging.Efer & LongModeActive) != 0)
        {
            int levels = (paging.Cr4 & FiveLevels) != 0 ? 5 : 4;
            return IsCanonical(linear, PageBits + levels * IndexBits) && TryWalk(memory, paging.Cr3 & Frame, levels, linear, out physical, ref rights);
        }

        return (paging.Cr4 & PhysicalAddressExtension) != 0
            ? TryWalk(memory, paging.Cr3 & 0xffff_ffe0, 3, (uint)linear, out physical, ref rights)
            : TryWalkShort(memory, paging, (uint)linear, out physical, ref rights);
    }

    /// <summary>Walks tables with entries of 8 bytes.</summary>
    private static bool TryWalk(IDomainMemory memory, ulong table, int levels, ulong linear, out ulong physical, ref ulong rights)
    {
        physical = 0;
        for (int level = levels; ; level--)
        {
            int shift = PageBits + (level - 1) * IndexBits;
            ulong index = linear >> shift & ((1 << IndexBits) - 1);
            if (!TryReadEntry(memory, table + index * sizeof(ulong), sizeof(ulong), out ulong entry)) return false;

            // The top entries of three levels have no such bits.
            if (level < 3 || levels > 3) rights = Combine(rights, entry);

            // The four top entries of three levels always point to tables.
            bool isPage = level == 1 || ((entry & IsPage) != 0 && (level == 2 || (level == 3 && levels > 3)));
            if (isPage)
            {
                ulong offset = (1UL << shift) - 1;
                physical = (entry & Frame & ~offset) | (linear & offset);
                return true;
            }

            table = entry & Frame;
        }
    }

    /// <summary>Walks two levels with entries of 4 bytes.</summary>
    private static bool TryWalkShort(IDomainMemory memory, PagingRegisters paging, uint linear, out ulong physical, ref ulong rights)
    {
        physical = 0;
        ulong table = paging.Cr3 & 0xffff_f000;
        if (!TryReadEntry(memory, table + (linear >> (PageBits + ShortIndexBits)) * sizeof(uint), sizeof(uint), out ulong entry)) return false;
        rights = Combine(rights, entry);
        if ((entry & IsPage) != 0 && (paging.Cr4 & PageSizeExtensions) != 0)
        {
            // Bits 13 to 20 of the entry are bits 32 to 39 of the address.
            physical = (entry & 0xffc0_0000) | (entry >> 13 & 0xff) << 32 | (linear & ShortLargePage);
            return true;
        }

        ulong index = linear >> PageBits & ((1 << ShortIndexBits) - 1);
        if (!TryReadEntry(memory, (entry & 0xffff_f000) + index * sizeof(uint), sizeof(uint), out entry)) return false;
        rights = Combine(rights, entry);
        physical = (entry & 0xffff_f000) | (linear & ((1 << PageBits) - 1));
        return true;
    }

    /// <returns>False if the entry cannot be read or is not present.</returns>
    private static bool TryReadEntry(IDomainMemory memory, ulong address, int bytes, out ulong entry)
    {
        Span<byte> buffer = stackalloc byte[sizeof(ulong)];
        buffer.Clear();
        bool isThere = memory.TryRead(address, buffer[..bytes]);
        entry = BinaryPrimitives.ReadUInt64LittleEndian(buffer);
        return isThere && (entry & Present) != 0;
    }

    /// <summary>A page is the programs' if all levels say so, and not executable if one does.</summary>
    private static ulong Combine(ulong rights, ulong entry) => (rights & entry & User) | ((rights | entry) & NoExecute);

    private static bool IsCanonical(ulong linear, int bits) => (ulong)((long)(linear << (64 - bits)) >> (64 - bits)) == linear;
}
