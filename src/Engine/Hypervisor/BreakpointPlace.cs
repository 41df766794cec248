namespace XenVmEvent.Hypervisor;

/// <summary>A byte of a guest's code that is, or is about to be, replaced by INT3.</summary>
/// <param name="Address">Its linear address.</param>
/// <param name="Physical">Its guest physical address.</param>
/// <param name="Tables">CR3 of the page tables by which it was found.</param>
/// <param name="Original">The guest's own byte.</param>
public sealed record BreakpointPlace(ulong Address, ulong Physical, ulong Tables, byte Original);

/// <summary>A process's note of a breakpoint, which outlives the process.</summary>
public interface IBreakpointNote
{
    /// <summary>The breakpoint.</summary>
    BreakpointPlace Place { get; }

    /// <summary>Whether the process that wrote the note is gone.</summary>
    bool IsAbandoned { get; }

    /// <summary>Removes the note: the guest has its byte back, or is gone.</summary>
    void Remove();
}
