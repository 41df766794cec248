namespace XenVmEvent.Hypervisor;

/// <summary>
/// A domain's altp2m: up to <see cref="MostViews"/> views of its memory, each with permissions of its own. View 0 is the
/// host's own and always there. Every call comes from the thread that the monitor's do, and throws
/// <see cref="XenException"/> when Xen refuses.
/// </summary>
public interface IAltP2m
{
    /// <summary>As many views as a domain can have, view 0 included: Xen's <c>MAX_ALTP2M</c>.</summary>
    const int MostViews = 10;

    /// <summary>
    /// Whether the domain has views at all. Switched off, every view is gone and all vCPUs are in the host's own.
    /// </summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.NotSupported"/>: the hardware, Xen's command line or the domain's configuration has no altp2m.
    /// </exception>
    bool IsActive { get; set; }

    /// <summary>Makes a view, in which every page is as in view 0 until its access is set.</summary>
    /// <param name="access">The access that Xen notes as the view's default; it gives it to no page.</param>
    /// <returns>The view's index, from 1 on.</returns>
    ushort CreateView(MemAccess access);

    /// <summary>Removes a view that no vCPU is in.</summary>
    void DestroyView(ushort view);

    /// <summary>Puts all vCPUs into a view.</summary>
    void SwitchToView(ushort view);

    /// <summary>The view that a vCPU is in (Xen 4.13 and later).</summary>
    ushort GetVCpuView(uint vcpu);

    /// <summary>The access of one page in a view.</summary>
    /// <returns>Null: it has none of its own there, and is as in view 0.</returns>
    MemAccess? GetMemAccess(ushort view, ulong gfn);

    /// <summary>
    /// Sets the access of many pages in a view in one call; where the domain has no memory, nothing happens. What is set
    /// for a page in view 0 later overwrites it.
    /// </summary>
    void SetMemAccess(ushort view, ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access);
}
