using System.Text.RegularExpressions;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>The lines that xen-access prints in each of its modes.</summary>
public partial class XenAccessLines
{
    /// <summary>A whole line as xen-access of Xen 4.17 printed it for a real guest.</summary>
    public static TheoryData<string, string> RealLines => new()
    {
        { "write", "PAGE ACCESS: rw- for GFN 107 (offset 000f58) gla 0000000000107f58 (valid: y; fault in gpt: n; fault with gla: y) (vcpu 1 [p], altp2m view 0)" },
        { "exec", "PAGE ACCESS: --x for GFN 10a (offset 0003a8) gla 000000000010a3a8 (valid: y; fault in gpt: n; fault with gla: y) (vcpu 0 [p], altp2m view 0)" },
        { "write", "PAGE ACCESS: rw- for GFN 106 (offset 000f58) gla 0000000000106f58 (valid: y; fault in gpt: n; fault with gla: y) (vcpu 0 [p], altp2m view 1)" },
        { "cpuid", "CPUID executed: rip=00000000001009d1, vcpu 1. Insn length: 2 0x4 0x0: EAX=0x3c000121 EBX=0x1c0003f ECX=0x3f EDX=0x0" },
        { "write_ctrlreg_cr4", "Control register written: rip=00000000001009fa, vcpu 1: reg=CR4, old_value=00000000000006a0, new_value=00000000000006a4" },
        { "breakpoint", "Breakpoint: rip=00000000001000ec, gfn=100 (vcpu 0)" },
        { "debug", "Debug exception: rip=0000000000100a78, vcpu 1. Type: 5. Length: 1. Pending dbg 0x00000000" },
        { "desc_access", "Descriptor access: rip=00000000001000d3, vcpu 0: VMExit info=0x12410100, descriptor=1, is write=0" },
    };

    [Theory]
    [MemberData(nameof(RealLines))]
    public void A_real_line_has_the_form_that_ours_are_held_to(string mode, string line) => Assert.Matches(Of(mode), line);

    internal static Regex Of(string mode) => mode switch
    {
        "write" => Write(),
        "exec" => Execute(),
        "cpuid" => Cpuid(),
        "write_ctrlreg_cr4" => ControlRegister(),
        "breakpoint" => Breakpoint(),
        "debug" => Debug(),
        "desc_access" => Descriptor(),
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "xen-access has no such mode."),
    };

    [GeneratedRegex(@"\APAGE ACCESS: [r-]w- for GFN [0-9a-f]+ \(offset [0-9a-f]{6}\) gla [0-9a-f]{16} \(valid: [yn]; fault in gpt: [yn]; fault with gla: [yn]\) \(vcpu \d+ \[[pr]\], altp2m view \d+\)\z")]
    private static partial Regex Write();

    [GeneratedRegex(@"\APAGE ACCESS: [r-]-x for GFN [0-9a-f]+ \(offset [0-9a-f]{6}\) gla [0-9a-f]{16} \(valid: [yn]; fault in gpt: [yn]; fault with gla: [yn]\) \(vcpu \d+ \[[pr]\], altp2m view \d+\)\z")]
    private static partial Regex Execute();

    [GeneratedRegex(@"\ACPUID executed: rip=[0-9a-f]{16}, vcpu \d+\. Insn length: \d+ 0x[0-9a-f]+ 0x[0-9a-f]+: EAX=0x[0-9a-f]+ EBX=0x[0-9a-f]+ ECX=0x[0-9a-f]+ EDX=0x[0-9a-f]+\z")]
    private static partial Regex Cpuid();

    [GeneratedRegex(@"\AControl register written: rip=[0-9a-f]{16}, vcpu \d+: reg=(CR0|CR3|CR4|XCR0), old_value=[0-9a-f]{16}, new_value=[0-9a-f]{16}\z")]
    private static partial Regex ControlRegister();

    [GeneratedRegex(@"\ABreakpoint: rip=[0-9a-f]{16}, gfn=[0-9a-f]+ \(vcpu \d+\)\z")]
    private static partial Regex Breakpoint();

    [GeneratedRegex(@"\ADebug exception: rip=[0-9a-f]{16}, vcpu \d+\. Type: \d+\. Length: \d+\. Pending dbg 0x[0-9a-f]{8,}\z")]
    private static partial Regex Debug();

    [GeneratedRegex(@"\ADescriptor access: rip=[0-9a-f]{16}, vcpu \d+: VMExit info=0x[0-9a-f]+, descriptor=\d, is write=[01]\z")]
    private static partial Regex Descriptor();
}
