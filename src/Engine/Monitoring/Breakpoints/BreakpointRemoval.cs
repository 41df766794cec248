using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>Gives a guest back the bytes that INT3 took the place of.</summary>
internal static class BreakpointRemoval
{
    /// <summary>The instruction INT3.</summary>
    public const byte Int3 = 0xcc;

    /// <summary>Takes away breakpoints that processes have noted, while no vCPU runs.</summary>
    /// <param name="hypervisor">The host.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="control">Its control.</param>
    /// <param name="ofTheLiving">Also those of processes that are alive, which remove their notes themselves.</param>
    /// <returns>How many there were.</returns>
    public static int Run(IHypervisor hypervisor, XenDomain domain, IDomainControl control, bool ofTheLiving)
    {
        IBreakpointNote[] notes = [.. control.FindBreakpoints().Where(note => ofTheLiving || note.IsAbandoned)];
        if (notes.Length == 0) return 0;
        using IDomainMemory memory = hypervisor.OpenMemory(domain);
        control.WhilePaused(() =>
        {
            GuestKernel kernel = new(memory, control.VCpus);
            foreach (IBreakpointNote note in notes)
            {
                GiveBack(memory, kernel, note.Place);
                if (note.IsAbandoned) note.Remove();
            }
        });
        return notes.Length;
    }

    /// <summary>Gives one byte back, unless the guest has put something else there, or has freed the memory.</summary>
    public static void GiveBack(IDomainMemory memory, GuestKernel kernel, BreakpointPlace place)
    {
        if (kernel.Has(place)) memory.TryReplace(place.Physical, Int3, place.Original);
    }
}
