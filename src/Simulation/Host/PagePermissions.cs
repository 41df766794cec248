using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// The permissions of a domain's pages in one view, and what an access that violates them does. Changed only under the
/// domain's gate.
/// </summary>
internal sealed class PagePermissions
{
    /// <summary>In an altp2m view: the page has no permissions of its own there.</summary>
    private const MemAccess AsInHost = (MemAccess)(-1);

    private readonly MemAccess[] _access;
    private readonly PagePermissions? _host;
    private MemAccess _default = MemAccess.Rwx;

    /// <summary>The permissions of the host's own view.</summary>
    public PagePermissions(int pages)
    {
        _access = new MemAccess[pages];
        Array.Fill(_access, MemAccess.Rwx);
    }

    /// <summary>The permissions of an altp2m view, initially as in the host's own.</summary>
    public PagePermissions(PagePermissions host)
    {
        _host = host;
        _access = new MemAccess[host._access.Length];
        Array.Fill(_access, AsInHost);
    }

    /// <summary>What <see cref="MemAccess.Default"/> stands for: in every view the host's.</summary>
    public MemAccess Default
    {
        get => _host?.Default ?? _default;
        set => _default = value;
    }

    /// <summary>Whether an access that finds no listener ends the domain instead of the restriction.</summary>
    public bool ListenerRequired { get; set; }

    public ulong MaximumGfn => (ulong)_access.Length - 1;

    /// <summary>Whether any page has less than all permissions.</summary>
    public bool RestrictsAnything => Default != MemAccess.Rwx || Array.Exists(_access, a => a is not (MemAccess.Rwx or AsInHost));

    public MemAccess this[ulong gfn]
    {
        get => _access[gfn] is not AsInHost and MemAccess own ? own : _host![gfn];
        set => _access[gfn] = value == MemAccess.Default ? Default : value;
    }

    /// <summary>The permissions that a page has only in this view; null if it has none.</summary>
    public MemAccess? Own(ulong gfn) => _access[gfn] is not AsInHost and MemAccess own ? own : null;

    /// <summary>Sets a run of pages, all of which the domain must have.</summary>
    public void Set(MemAccess access, ulong firstGfn, uint count) =>
        Array.Fill(_access, access == MemAccess.Default ? Default : access, (int)firstGfn, (int)count);

    /// <summary>The host's permissions of these pages were set: Xen copies them to every view.</summary>
    public void FollowHost(ulong firstGfn, uint count) => Array.Fill(_access, AsInHost, (int)firstGfn, (int)count);

    /// <summary>
    /// Whether the current permissions forbid the access. Gfns that the domain does not have are not restricted.
    /// </summary>
    public bool Forbids(ulong gfn, MemAccessFlags access, bool isPageWalk) =>
        gfn < (ulong)_access.Length && (access & ~Allowed(this[gfn], isPageWalk)) != 0;

    /// <summary>Lifts permissions that give way by themselves.</summary>
    /// <returns>What to do about an access that was forbidden.</returns>
    public Violation Touch(ulong gfn, MemAccessFlags access)
    {
        switch (this[gfn])
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
