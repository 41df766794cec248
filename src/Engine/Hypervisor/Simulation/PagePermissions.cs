using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor.Simulation;

/// <summary>The rights of a domain to its pages, and what an access against them does. Changed under the domain's gate only.</summary>
internal sealed class PagePermissions
{
    private readonly MemAccess[] _access;

    public PagePermissions(int pages)
    {
        _access = new MemAccess[pages];
        Array.Fill(_access, MemAccess.Rwx);
    }

    /// <summary>What <see cref="MemAccess.Default"/> stands for.</summary>
    public MemAccess Default { get; set; } = MemAccess.Rwx;

    /// <summary>Whether an access that finds no listener ends the domain rather than the restriction.</summary>
    public bool ListenerRequired { get; set; }

    public ulong MaximumGfn => (ulong)_access.Length - 1;

    public MemAccess this[ulong gfn] => _access[gfn];

    /// <summary>Sets a run of pages, which the domain must have.</summary>
    public void Set(MemAccess access, ulong firstGfn, uint count) =>
        Array.Fill(_access, access == MemAccess.Default ? Default : access, (int)firstGfn, (int)count);

    /// <summary>Whether the rights of now forbid the access. Gfns that the domain does not have restrict nothing.</summary>
    public bool Forbids(ulong gfn, MemAccessFlags access, bool isPageWalk) =>
        gfn < (ulong)_access.Length && (access & ~Allowed(_access[gfn], isPageWalk)) != 0;

    /// <summary>Lifts what lifts itself when touched.</summary>
    /// <returns>What is to be done about an access that was forbidden.</returns>
    public Violation Touch(ulong gfn, MemAccessFlags access)
    {
        switch (_access[gfn])
        {
            case MemAccess.Rx2rw when (access & MemAccessFlags.Write) != 0:
                _access[gfn] = MemAccess.RW;
                return Violation.None;
            case MemAccess.N2rwx:
                _access[gfn] = MemAccess.Rwx;
                return Violation.Reported;
            default:
                return Violation.Held;
        }
    }

    private static MemAccessFlags Allowed(MemAccess access, bool isPageWalk) => access switch
    {
        <= MemAccess.Rwx => (MemAccessFlags)access,
        MemAccess.Rx2rw => MemAccessFlags.Read | MemAccessFlags.Execute,
        MemAccess.RPw => isPageWalk ? MemAccessFlags.Read | MemAccessFlags.Write : MemAccessFlags.Read,
        _ => MemAccessFlags.None,
    };
}
