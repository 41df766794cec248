using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Parts of a guest's kernel, by linear addresses. When a watch of them begins, the engine finds their pages in the guest's
/// page tables, and keeps to these pages.
/// </summary>
public sealed record KernelParts
{
    /// <summary>The most pages that parts may have together: 1 GiB.</summary>
    public const int MostPages = 1 << 18;

    /// <summary>The parts, one or more.</summary>
    public required IReadOnlyList<KernelPart> Parts
    {
        get;
        init => field = [.. value];
    }

    /// <summary>
    /// Where the kernel is according to its symbols. A kernel that randomises its addresses is elsewhere, and the parts
    /// that have symbols move with it. Null: all parts are where they say.
    /// </summary>
    public KernelImage? Kernel { get; init; }
}

/// <summary>A part of a guest's kernel.</summary>
/// <param name="Range">Its linear addresses.</param>
/// <param name="Symbol">
/// What it is called, as in <c>_stext.._etext</c>. Null: it has no name, and is exactly there.
/// </param>
public sealed record KernelPart(AddressRange Range, string? Symbol = null);
