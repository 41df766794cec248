using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Cli;

/// <summary>The meaning of the second argument: xen-access's modes, and two of our own.</summary>
internal sealed record WatchMode(string Name, string Description, Func<WatchArguments, EventWatch> Watch)
{
    private const ulong Cr4GlobalPages = 1 << 7;

    /// <summary>The responses by their names for --response.</summary>
    public static IReadOnlyDictionary<string, VmEventResponse> Responses { get; } = new Dictionary<string, VmEventResponse>
    {
        ["continue"] = VmEventResponse.Continue,
        ["reinject"] = VmEventResponse.Reinject,
        ["skip"] = VmEventResponse.Skip,
        ["emulate"] = VmEventResponse.Emulate,
        ["emulate_no_write"] = VmEventResponse.EmulateNoWrite,
        ["deny"] = VmEventResponse.Deny,
    };

    /// <summary>Whether pages are restricted, and can be chosen.</summary>
    public bool RestrictsPages { get; init; }

    /// <summary>Whether it is about register writes.</summary>
    public bool WritesRegisters => Name is "msr" or "write_ctrlreg_cr4";

    /// <summary>
    /// Whether it uses a view of its own, to which all vCPUs are switched; instructions are stepped over in view 0.
    /// </summary>
    public bool UsesView { get; init; }

    public static IReadOnlyList<WatchMode> All { get; } =
    [
        new("write", "first write to each page", a => Pages(a, PageAccess.Write)) { RestrictsPages = true },
        new("exec", "first execution of each page", a => Pages(a, PageAccess.Execute)) { RestrictsPages = true },
        InView("altp2m_write", "every write to each page, in an altp2m view", PageAccess.Write),
        InView("altp2m_exec", "every execution of each page, in an altp2m view", PageAccess.Execute),

        // Its name misleads: this is what xen-access watches.
        InView("altp2m_write_no_gpt", "the same, but without page table walks", PageAccess.Execute, ignorePageWalks: true),
        new("cpuid", "CPUID instructions", _ => Of(VmEventKind.Cpuid)),
        new("write_ctrlreg_cr4", "writes that change CR4, except its PGE bit", _ => new EventWatch
        {
            Kinds = [VmEventKind.WriteControlRegister],
            ControlRegisters = [ControlRegister.CR4],

            // Flushing global TLB entries toggles PGE: not worth an event.
            IgnoredBits = Cr4GlobalPages,
            OnChangeOnly = true,
        }),
        new("breakpoint", "INT3 instructions", _ => Of(VmEventKind.SoftwareBreakpoint)),
        new("debug", "debug exceptions", _ => Of(VmEventKind.DebugException)),
        new("desc_access", "loads and stores of IDTR, GDTR, LDTR and TR", _ => Of(VmEventKind.DescriptorAccess)),
        new("privcall", "the guest kernel's calls to the hypervisor, on arm64", _ => Of(VmEventKind.PrivilegedCall)),
        new("msr", "writes of the registers that --msr names", a => new EventWatch
        {
            Kinds = [VmEventKind.MovToMsr],
            Msrs = a.Msrs,
        }),
        new("io", "reads and writes of I/O ports", _ => Of(VmEventKind.Io)),
        new("vmexit", "exits from guest mode", _ => Of(VmEventKind.VmExit)),
        new("guest_request", "the guest's own requests for attention", _ => Of(VmEventKind.GuestRequest)),
    ];

    private static EventWatch Of(VmEventKind kind) => new() { Kinds = [kind] };

    private static WatchMode InView(string name, string description, PageAccess access, bool ignorePageWalks = false) =>
        new(name, description, a => new EventWatch
        {
            Kinds = [VmEventKind.MemAccess, VmEventKind.SingleStep],
            Pages = new PageWatch { Access = access, Ranges = a.Gfns, Repeat = true, IgnorePageWalks = ignorePageWalks },
        })
        {
            RestrictsPages = true,
            UsesView = true,
        };

    private static EventWatch Pages(WatchArguments arguments, PageAccess access) => new()
    {
        Kinds = [VmEventKind.MemAccess],
        Pages = new PageWatch { Access = access, Ranges = arguments.Gfns, Repeat = arguments.Repeat },
    };
}
