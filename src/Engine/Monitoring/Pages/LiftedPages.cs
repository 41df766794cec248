using System.Diagnostics;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Pages of one view whose restriction is lifted briefly, because Xen could not emulate the instruction that accessed
/// them. Used by the pump's thread.
/// </summary>
internal sealed class LiftedPages
{
    /// <summary>For each vCPU, the page whose access Xen was last asked to emulate.</summary>
    private readonly Dictionary<uint, ulong> _emulated = [];

    private readonly Queue<(ulong Gfn, long At)> _lifted = [];

    /// <summary>How long a page keeps its permissions for an instruction that Xen cannot emulate.</summary>
    public static TimeSpan LiftTime { get; } = TimeSpan.FromMilliseconds(1);

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
        _lifted.Enqueue((gfn, Stopwatch.GetTimestamp()));
        return true;
    }

    /// <summary>Takes the next page whose time is over.</summary>
    public bool TryTakeDue(out ulong gfn)
    {
        bool isDue = _lifted.TryPeek(out (ulong Gfn, long At) page) && Stopwatch.GetElapsedTime(page.At) >= LiftTime;
        if (isDue) _lifted.Dequeue();
        gfn = page.Gfn;
        return isDue;
    }
}
