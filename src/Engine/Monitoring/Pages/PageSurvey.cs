using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Which pages are not to be touched: those that have no memory, for setting their access makes Xen populate them, or take
/// page tables for nothing; and where accesses are emulated, those of devices, which an emulated access does not reach.
/// </summary>
/// <remarks>
/// It is asked page by page, some microseconds each, which populates nothing. Pages are asked about where they are few, where Xen
/// says that it populates some on demand, and where the domain has less than half of the memory that it may have. Xen tells
/// nobody which domain is a fork, nor how much of it is still its parent's; but a fork has little memory of its own. How many
/// gfns there are says nothing: a small PVH guest has special pages below 4 GiB, and a million holes before them.
/// </remarks>
internal sealed class PageSurvey(IDomainMonitor monitor, ViewPages view)
{
    /// <summary>Pages that are asked about in any case, 0.1 s or so.</summary>
    public const int FewPages = 1 << 16;

    private readonly PageSet _withoutMemory = new();
    private readonly PageSet _ofDevices = new();

    /// <summary>How many have no memory.</summary>
    public ulong WithoutMemory { get; private set; }

    /// <summary>How many are a device's, of those where that matters.</summary>
    public ulong OfDevices { get; private set; }

    /// <summary>Whether there is one that is not to be touched.</summary>
    public bool LeavesOutAny => WithoutMemory + OfDevices > 0;

    /// <summary>Whether a page is not to be touched.</summary>
    public bool LeavesOut(ulong gfn) => (WithoutMemory > 0 && _withoutMemory.Contains(gfn)) || IsOfDevice(gfn);

    /// <summary>Whether a page is a device's, where that matters.</summary>
    public bool IsOfDevice(ulong gfn) => OfDevices > 0 && _ofDevices.Contains(gfn);

    /// <summary>Whether some of these pages may have no memory, so that each is to be asked about.</summary>
    public static bool IsNeeded(IDomainMonitor monitor, IReadOnlyList<GfnRange> ranges)
    {
        ulong pages = 0;
        foreach (GfnRange range in ranges) pages += range.Count;
        return pages <= FewPages || monitor.PagesOnDemand != 0 || monitor.Pages < monitor.MaximumPages / 2;
    }

    /// <summary>Looks at pages, a step at a time.</summary>
    /// <param name="ranges">The pages.</param>
    /// <param name="emulates">Accesses to them are emulated.</param>
    public IEnumerable<int> Look(GfnRange[] ranges, bool emulates)
    {
        if (!emulates && !IsNeeded(monitor, ranges)) yield break;
        int asked = 0;
        foreach (GfnRange range in ranges)
        {
            for (ulong gfn = range.First; ; gfn++)
            {
                if (view.Get(gfn) is null) WithoutMemory += Add(_withoutMemory, gfn);
                else if (emulates && monitor.IsDeviceMemory(gfn)) OfDevices += Add(_ofDevices, gfn);
                if (++asked % ViewPages.QuestionsPerStep == 0) yield return ViewPages.QuestionsPerStep;
                if (gfn == range.Last) break;
            }
        }
    }

    private static uint Add(PageSet pages, ulong gfn) => pages.Add(gfn) ? 1u : 0u;
}
