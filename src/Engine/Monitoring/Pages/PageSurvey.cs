using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Finds the pages that must not be touched. These are pages without memory, because setting their access makes Xen
/// populate them or allocate page tables for nothing. If accesses are emulated, they are also the pages of devices,
/// which an emulated access does not reach.
/// </summary>
/// <remarks>
/// It asks about each page, which takes some microseconds and populates nothing. It asks if there are few pages, if Xen
/// says that it populates some on demand, or if the domain has less than half of the memory that it may have. Xen does
/// not tell which domain is a fork, nor how much of it is still its parent's, but a fork has little memory of its own.
/// The number of gfns does not help: a small PVH guest has special pages below 4 GiB, and a million holes before them.
/// </remarks>
internal sealed class PageSurvey(IDomainMonitor monitor, ViewPages view)
{
    /// <summary>Up to this many pages are asked about in any case, which takes about 0.1 s.</summary>
    public const int FewPages = 1 << 16;

    private readonly PageSet _withoutMemory = new();
    private readonly PageSet _ofDevices = new();

    /// <summary>How many have no memory.</summary>
    public ulong WithoutMemory { get; private set; }

    /// <summary>How many belong to devices, if that matters.</summary>
    public ulong OfDevices { get; private set; }

    /// <summary>Whether any page must not be touched.</summary>
    public bool LeavesOutAny => WithoutMemory + OfDevices > 0;

    /// <summary>Whether a page must not be touched.</summary>
    public bool LeavesOut(ulong gfn) => (WithoutMemory > 0 && _withoutMemory.Contains(gfn)) || IsOfDevice(gfn);

    /// <summary>Whether a page belongs to a device, if that matters.</summary>
    public bool IsOfDevice(ulong gfn) => OfDevices > 0 && _ofDevices.Contains(gfn);

    /// <summary>Whether some of these pages may have no memory, so that each has to be asked about.</summary>
    public static bool IsNeeded(IDomainMonitor monitor, IReadOnlyList<GfnRange> ranges)
    {
        ulong pages = 0;
        foreach (GfnRange range in ranges) pages += range.Count;
        return pages <= FewPages || monitor.PagesOnDemand != 0 || monitor.Pages < monitor.MaximumPages / 2;
    }

    /// <summary>Examines pages, one step at a time.</summary>
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
