using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Cli;

/// <summary>What the second argument names: xen-access's modes, and two of our own.</summary>
internal sealed record WatchMode(string Name, string Description, Func<WatchArguments, EventWatch> Watch)
{
    private const ulong Cr4GlobalPages = 1 << 7;

    /// <summary>The responses as --response names them.</summary>
    public static IReadOnlyDictionary<string, VmEventResponse> Responses { get; } = new Dictionary<string, VmEventResponse>
    {
        ["continue"] = VmEventResponse.Continue,
        ["reinject"] = VmEventResponse.Reinject,
        ["skip"] = VmEventResponse.Skip,
        ["emulate"] = VmEventResponse.Emulate,
        ["emulate_no_write"] = VmEventResponse.EmulateNoWrite,
        ["deny"] = VmEventResponse.Deny,
    };

    public static IReadOnlyList<WatchMode> All { get; } =
    [
        new("write", "first write to each page", a => Pages(a, PageAccess.Write)),
        new("exec", "first execution of each page", a => Pages(a, PageAccess.Execute)),
        new("cpuid", "CPUID instructions", _ => Of(VmEventKind.Cpuid)),
        new("write_ctrlreg_cr4", "writes that change CR4, but for its PGE bit", _ => new EventWatch
        {
            Kinds = [VmEventKind.WriteControlRegister],
            ControlRegisters = [ControlRegister.CR4],

            // Flushing global TLB entries switches PGE off and on: not worth an event.
            IgnoredBits = Cr4GlobalPages,
            OnChangeOnly = true,
        }),
        new("breakpoint", "INT3 instructions", _ => Of(VmEventKind.SoftwareBreakpoint)),
        new("debug", "debug exceptions", _ => Of(VmEventKind.DebugException)),
        new("desc_access", "loads and stores of IDTR, GDTR, LDTR and TR", _ => Of(VmEventKind.DescriptorAccess)),
        new("privcall", "calls of the guest's kernel to the hypervisor, on arm64", _ => Of(VmEventKind.PrivilegedCall)),
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

    private static EventWatch Pages(WatchArguments arguments, PageAccess access) => new()
    {
        Kinds = [VmEventKind.MemAccess],
        Pages = new PageWatch { Access = access, Ranges = arguments.Gfns, Repeat = arguments.Repeat },
    };
}
