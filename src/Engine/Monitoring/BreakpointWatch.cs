namespace XenVmEvent.Monitoring;

/// <summary>
/// The places in the code of a guest's kernel whose executions a watch of <c>SoftwareBreakpoint</c> events sees. The
/// engine puts INT3 there and takes it away at the end of the watch. The guest executes its own instruction.
/// </summary>
public sealed record BreakpointWatch
{
    /// <summary>The places, one or more.</summary>
    public required IReadOnlyList<Breakpoint> At
    {
        get;
        init => field = [.. value];
    }

    /// <summary>
    /// Where the kernel is according to its symbols. A kernel that randomises its addresses is elsewhere, and the places
    /// that have a symbol move with it. Null: all places are where they say.
    /// </summary>
    public KernelImage? Kernel { get; init; }

    /// <summary>
    /// The guest does not see them: when it reads or writes a page that has one, it finds its own bytes there. The vCPU does
    /// that in a single step, in which no vCPU meets the breakpoints of that page. It takes page access and single steps.
    /// </summary>
    public bool Hide { get; init; }
}

/// <summary>A place in the code of a guest's kernel.</summary>
/// <param name="Address">Its linear address.</param>
/// <param name="Symbol">
/// What it is called, as in <c>commit_creds+4</c>. Null: it has no name, and is exactly there.
/// </param>
public sealed record Breakpoint(ulong Address, string? Symbol = null);
