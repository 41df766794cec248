using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Pages of one view whose restriction is lifted briefly, because Xen cannot emulate what accessed them. Used by the
/// pump's thread.
/// </summary>
internal sealed class LiftedPages(IDomainMonitor monitor)
{
    /// <summary>For each vCPU, the page whose access Xen was last asked to emulate.</summary>
    private readonly Dictionary<uint, ulong> _emulated = [];

    private readonly Dictionary<ulong, BriefLift> _lifted = [];

    /// <summary>Whether a page waits to be restricted again.</summary>
    public bool Any => _lifted.Count > 0;

    /// <summary>Records that Xen is asked to emulate a vCPU's access to a page.</summary>
    public void OnEmulated(uint vcpu, ulong gfn) => _emulated[vcpu] = gfn;

    /// <summary>The page whose access Xen was last asked to emulate for a vCPU; null: none.</summary>
    public ulong? EmulatedPage(uint vcpu) => _emulated.TryGetValue(vcpu, out ulong gfn) ? gfn : null;

    /// <summary>Lifts the page whose access Xen was last asked to emulate for a vCPU.</summary>
    /// <returns>False if there is none.</returns>
    public bool TryLift(uint vcpu, out ulong gfn)
    {
        if (!_emulated.Remove(vcpu, out gfn)) return false;
        if (!_lifted.TryGetValue(gfn, out BriefLift? lift)) _lifted[gfn] = lift = new BriefLift(monitor);
        lift.LetPass(vcpu);
        return true;
    }

    /// <summary>Takes the next page that every vCPU has accessed for which it was lifted.</summary>
    public bool TryTakeDue(out ulong gfn)
    {
        foreach ((ulong page, BriefLift lift) in _lifted)
        {
            if (!lift.IsOver) continue;
            gfn = page;
            return _lifted.Remove(page);
        }

        gfn = 0;
        return false;
    }
}
