using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The largest number of a domain's pages that is worked through. A guest chooses its highest gfn, because it may map
/// one of its pages anywhere. It does not choose how much memory it has.
/// </summary>
internal static class MemoryBound
{
    /// <summary>64 GiB without memory: the hole below 4 GiB, and the range where device memory is mapped.</summary>
    private const ulong Holes = 1UL << 24;

    /// <summary>Refuses more pages than a domain with this much memory can have.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidGfn"/>.</exception>
    public static void Ensure(IDomainMonitor monitor, IReadOnlyList<GfnRange> ranges)
    {
        ulong left = Holes;
        if (ranges.All(TakesLittle)) return;

        // Asked only now, because it takes a call.
        ulong memory = monitor.Pages;
        left = MostOf(memory);
        if (ranges.All(TakesLittle)) return;
        throw new XenException(
            XenErrorId.InvalidGfn,
            $"These are more pages than a domain with {memory} pages of memory has: {string.Join(", ", ranges.Take(4))}{(ranges.Count > 4 ? ", ..." : "")}. A guest can have a page mapped anywhere, so its highest gfn, 0x{monitor.MaximumGfn:x}, may mean nothing.",
            "Name the pages you mean.",
            task: RemedyTask.NamePages);

        bool TakesLittle(GfnRange range)
        {
            if (range.Count - 1 >= left) return false;
            left -= range.Count;
            return true;
        }
    }

    /// <summary>
    /// The last of these pages to work through: at most the domain's highest, and at most as far as its memory allows.
    /// </summary>
    public static ulong LastOf(IDomainMonitor monitor, GfnRange pages)
    {
        ulong last = Math.Min(pages.Last, monitor.MaximumGfn);
        return last < pages.First || last - pages.First < Holes ? last : Math.Min(last, pages.First + MostOf(monitor.Pages) - 1);
    }

    private static ulong MostOf(ulong memory) => checked(2 * memory + Holes);
}
