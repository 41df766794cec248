using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;

namespace XenVmEvent.NativeXen;

/// <summary>What is watched of a guest at the moment.</summary>
internal static class WatchedState
{
    /// <summary>
    /// Whether a listener has finished setting up its watch: an event, or the access to all pages. The pages of a view
    /// count only once single steps are on, which take a vCPU back into the view.
    /// </summary>
    public static bool IsWatched(SimulatedDomain guest)
    {
        lock (guest.Gate) return Switches(guest.Settings).Any() || (AreAllPagesRestricted(guest) && (!guest.Views.IsActive || guest.Settings.SingleStep));
    }

    /// <summary>The kinds of event that are switched on, other than those that accompany others.</summary>
    public static IEnumerable<string> Switches(MonitorSettings settings)
    {
        foreach (ControlRegister register in Enum.GetValues<ControlRegister>())
        {
            if (settings[register] is not null) yield return register.ToString();
        }

        if (settings.Cpuid) yield return nameof(settings.Cpuid);
        if (settings.SoftwareBreakpoint) yield return nameof(settings.SoftwareBreakpoint);
        if (settings.DebugException) yield return nameof(settings.DebugException);
        if (settings.DescriptorAccess) yield return nameof(settings.DescriptorAccess);
        if (settings.GuestRequest) yield return nameof(settings.GuestRequest);
        if (settings.VmExit) yield return nameof(settings.VmExit);
        if (settings.Io) yield return nameof(settings.Io);
        if (settings.WatchesAnyMsr) yield return "Msr";
    }

    /// <summary>
    /// Xen-access leaves the last page out, by one; a listener that sets a few pages only has not finished. Ours leaves
    /// out what is not to be touched.
    /// </summary>
    private static bool AreAllPagesRestricted(SimulatedDomain guest)
    {
        PagePermissions pages = guest.VCpus[0].Pages;
        for (ulong gfn = pages.MaximumGfn; gfn-- > 0;)
        {
            if (pages[gfn] == MemAccess.Rwx && !guest.OnDemand.Contains(gfn) && !guest.IsDeviceMemory(gfn)) return false;
        }

        return true;
    }
}
