using System.Text.Unicode;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Cli;

/// <summary>Prints events as xen-access does, byte for byte, so that scripts made for it keep working.</summary>
/// <param name="output">The stream to write to.</param>
/// <param name="views">
/// By domain id, the altp2m view to which its vCPUs return after a single step; null if there are none.
/// </param>
internal sealed class TextEventWriter(Stream output, IReadOnlyDictionary<uint, ushort>? views = null) : IEventWriter
{
    private const int LongestLine = 256;

    /// <summary>A domain's name is a value in xenstore, which is shorter.</summary>
    private const int LongestName = 4096 * 3;

    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _used;

    /// <summary>Whether each line begins with the domain, for events of several.</summary>
    public bool NamesDomain { get; init; }

    public void Write(VmEvent vmEvent)
    {
        if (_buffer.Length - _used < LongestLine + (NamesDomain ? LongestName : 0)) Flush();
        if (NamesDomain && Utf8.TryWrite(_buffer.AsSpan(_used), $"{vmEvent.Domain} (id {vmEvent.DomainId}): ", out int name)) _used += name;
        Span<byte> free = _buffer.AsSpan(_used);
        if (Format(free, vmEvent, out int written)) _used += written;
    }

    public void Flush()
    {
        output.Write(_buffer, 0, _used);
        output.Flush();
        _used = 0;
    }

    private bool Format(Span<byte> line, VmEvent vmEvent, out int written)
    {
        ulong rip = vmEvent.InstructionPointer;
        uint vcpu = vmEvent.VCpu;
        switch (vmEvent)
        {
            case MemAccessEvent e:
                return Utf8.TryWrite(
                    line,
                    $"PAGE ACCESS: {Mark(e, PageAccess.Read, 'r')}{Mark(e, PageAccess.Write, 'w')}{Mark(e, PageAccess.Execute, 'x')} for GFN {e.Gfn:x} (offset {e.Offset:x6}) gla {e.LinearAddress:x16} (valid: {YesNo(e, MemAccessFlags.GlaValid)}; fault in gpt: {YesNo(e, MemAccessFlags.FaultInGpt)}; fault with gla: {YesNo(e, MemAccessFlags.FaultWithGla)}) (vcpu {vcpu} [{(e.IsSynchronous ? 'p' : 'r')}], altp2m view {e.View})\n",
                    out written);
            case CpuidEvent e:
                X86Registers registers = (X86Registers)e.Registers;
                return Utf8.TryWrite(
                    line,
                    $"CPUID executed: rip={rip:x16}, vcpu {vcpu}. Insn length: {e.InstructionLength} 0x{e.Leaf:x} 0x{e.Subleaf:x}: EAX=0x{registers.Rax:x} EBX=0x{registers.Rbx:x} ECX=0x{registers.Rcx:x} EDX=0x{registers.Rdx:x}\n",
                    out written);
            case WriteControlRegisterEvent e:
                return Utf8.TryWrite(
                    line,
                    $"Control register written: rip={rip:x16}, vcpu {vcpu}: reg={NameOf(e.Register)}, old_value={e.OldValue:x16}, new_value={e.NewValue:x16}\n",
                    out written);
            case SoftwareBreakpointEvent e:
                return Utf8.TryWrite(line, $"Breakpoint: rip={rip:x16}, gfn={e.Gfn:x} (vcpu {vcpu})\n", out written);
            case DebugExceptionEvent e:
                return Utf8.TryWrite(
                    line,
                    $"Debug exception: rip={rip:x16}, vcpu {vcpu}. Type: {e.TrapType}. Length: {e.InstructionLength}. Pending dbg 0x{e.PendingDebug:x8}\n",
                    out written);
            case DescriptorAccessEvent e:
                return Utf8.TryWrite(
                    line,
                    $"Descriptor access: rip={rip:x16}, vcpu {vcpu}: VMExit info=0x{e.InstructionInfo:x}, descriptor={(int)e.Descriptor}, is write={(e.IsWrite ? 1 : 0)}\n",
                    out written);
            case PrivilegedCallEvent:
                return Utf8.TryWrite(line, $"Privileged call: pc={rip:x} (vcpu {vcpu})\n", out written);
            case MovToMsrEvent e:
                return Utf8.TryWrite(
                    line,
                    $"MSR written: rip={rip:x16}, vcpu {vcpu}: msr=0x{e.Msr:x}, old_value={e.OldValue:x16}, new_value={e.NewValue:x16}\n",
                    out written);
            case SingleStepEvent e:
                return views is not null && views.TryGetValue(vmEvent.DomainId, out ushort back)
                    ? Utf8.TryWrite(line, $"Singlestep: rip={rip:x16}, vcpu {vcpu}, altp2m {e.View}\n\tSwitching altp2m to view {back}!\n", out written)
                    : Utf8.TryWrite(line, $"Singlestep: rip={rip:x16}, vcpu {vcpu}, altp2m {e.View}\n", out written);
            case IoEvent e:
                return Utf8.TryWrite(
                    line,
                    $"I/O: rip={rip:x16}, vcpu {vcpu}: port=0x{e.Port:x}, {(e.IsIn ? "in" : "out")}, bytes={e.Bytes}, string={(e.IsString ? 1 : 0)}\n",
                    out written);
            case VmExitEvent e:
                return Utf8.TryWrite(line, $"VM exit: rip={rip:x16}, vcpu {vcpu}: reason={e.Reason}, qualification=0x{e.Qualification:x}\n", out written);
            default:
                return Utf8.TryWrite(line, $"{vmEvent.Kind}: rip={rip:x16}, vcpu {vcpu}\n", out written);
        }
    }

    private static char Mark(MemAccessEvent e, PageAccess access, char mark) => (e.Access & access) != 0 ? mark : '-';

    private static char YesNo(MemAccessEvent e, MemAccessFlags flag) => (e.Flags & flag) != 0 ? 'y' : 'n';

    private static string NameOf(ControlRegister register) => register switch
    {
        ControlRegister.CR0 => "CR0",
        ControlRegister.CR3 => "CR3",
        ControlRegister.CR4 => "CR4",
        ControlRegister.Xcr0 => "XCR0",
        _ => "",
    };
}
