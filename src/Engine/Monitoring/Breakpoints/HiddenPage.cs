using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>A page with hidden breakpoints, closed or open.</summary>
internal sealed class HiddenPage(ulong gfn, int mostAccesses)
{
    public ulong Gfn { get; } = gfn;

    /// <summary>How often vCPUs may step over it.</summary>
    public RateLimit Limit { get; } = new(mostAccesses);

    public bool IsOpen { get; set; }

    public bool IsOpenToWrites { get; set; }

    /// <summary>In Stopwatch ticks.</summary>
    public long OpenUntil { get; set; }

    /// <summary>What the steps over it need.</summary>
    public PageAccess Needed { get; set; }

    /// <summary>It stays open when steps end, because it was accessed too often.</summary>
    public bool Rests { get; set; }

    /// <summary>Somebody was told that it is accessed too often.</summary>
    public bool IsTold { get; set; }

    /// <summary>The vCPUs that step while it is open.</summary>
    public HashSet<uint> Stepping { get; } = [];

    /// <summary>The offsets at which they write.</summary>
    public List<ulong> Writes { get; } = [];

    public void Close()
    {
        IsOpen = IsOpenToWrites = Rests = false;
        OpenUntil = 0;
        Needed = PageAccess.None;
        Stepping.Clear();
        Writes.Clear();
    }
}
