using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// How many pages of a domain are worked through at most. A guest chooses its highest gfn, for it may map a page of its
/// own anywhere; how much memory it has it does not choose.
/// </summary>
internal static class MemoryBound
{
    /// <summary>64 GiB without memory: the hole below 4 GiB, and where devices' memory is mapped.</summary>
    private const ulong Holes = 1UL << 24;

    /// <summary>Refuses more pages than a domain with its memory can be asked for.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidGfn"/>.</exception>
    public static void Ensure(IDomainMonitor monitor, IReadOnlyList<GfnRange> ranges)
    {
        ulong left = Holes;
        if (ranges.All(TakesLittle)) return;

        // Asked for only then: it is a call.
        ulong memory = monitor.Pages;
        left = MostOf(memory);
        if (ranges.All(TakesLittle)) return;
        throw new XenException(
            XenErrorId.InvalidGfn,
            $"These are more pages than a domain with {memory} pages of memory has: {string.Join(", ", ranges.Take(4))}{(ranges.Count > 4 ? ", ..." : "")}. A guest can have itself a page mapped anywhere, and its highest gfn, 0x{monitor.MaximumGfn:x}, says nothing then.",
            "Name the pages that are meant.",
            task: RemedyTask.NamePages);

        bool TakesLittle(GfnRange range)
        {
            if (range.Count - 1 >= left) return false;
            left -= range.Count;
            return true;
        }
    }

    /// <summary>The last of these pages that is worked through: as far as the domain reaches, and no farther than its memory lets it.</summary>
    public static ulong LastOf(IDomainMonitor monitor, GfnRange pages)
    {
        ulong last = Math.Min(pages.Last, monitor.MaximumGfn);
        return last < pages.First || last - pages.First < Holes ? last : Math.Min(last, pages.First + MostOf(monitor.Pages) - 1);
    }

    private static ulong MostOf(ulong memory) => checked(2 * memory + Holes);
}
