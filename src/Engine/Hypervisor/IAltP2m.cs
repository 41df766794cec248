namespace XenVmEvent.Hypervisor;

/// <summary>
/// A domain's altp2m: up to <see cref="MostViews"/> views of its memory, each with its own permissions. View 0 is the
/// host's own and always exists. Every call comes from the same thread as the monitor's calls, and throws
/// <see cref="XenException"/> when Xen refuses.
/// </summary>
public interface IAltP2m
{
    /// <summary>The maximum number of views of a domain, view 0 included: Xen's <c>MAX_ALTP2M</c>.</summary>
    const int MostViews = 10;

    /// <summary>
    /// Whether the domain has views at all. Setting it to false removes every view and moves all vCPUs to the host's
    /// own.
    /// </summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.NotSupported"/>: the hardware, Xen's command line or the domain's configuration does not
    /// provide altp2m.
    /// </exception>
    bool IsActive { get; set; }

    /// <summary>Makes a view, in which every page is as in view 0 until its access is set.</summary>
    /// <param name="access">The access that Xen notes as the view's default; it has no effect on pages.</param>
    /// <returns>The view's index, from 1 on.</returns>
    ushort CreateView(MemAccess access);

    /// <summary>Removes a view that no vCPU is in.</summary>
    void DestroyView(ushort view);

    /// <summary>Switches all vCPUs to a view.</summary>
    void SwitchToView(ushort view);

    /// <summary>The view that a vCPU is in (Xen 4.13 and later).</summary>
    ushort GetVCpuView(uint vcpu);

    /// <summary>The access of one page in a view.</summary>
    /// <returns>Null: the page has no access of its own there, and is as in view 0.</returns>
    MemAccess? GetMemAccess(ushort view, ulong gfn);

    /// <summary>
    /// Sets the access of many pages in a view in one call; pages where the domain has no memory are ignored. Setting
    /// the access of a page in view 0 later overwrites it.
    /// </summary>
    void SetMemAccess(ushort view, ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access);
}
