using System.Text.Json;
using XenVmEvent.Abi;
using Xunit;

namespace XenVmEvent.Tests.Abi;

/// <summary>The layouts as compilers made them for each Xen release. They are measured, not typed in.</summary>
internal static class MeasuredLayouts
{
    private static readonly JsonElement Root = Read();

    public static TheoryData<int> Versions => [.. Enumerable.Range(VmEventLayout.OldestVersion, 6)];

    public static JsonElement Ring => Root.GetProperty("ring");

    public static JsonElement Slot => Root.GetProperty("slot");

    public static JsonElement Of(int version) => Root.GetProperty("versions").GetProperty(version.ToString());

    /// <summary>Offset and size of a field; null if the version does not have it.</summary>
    public static (int Offset, int Size)? FieldOf(int version, VmEventField field)
    {
        JsonElement fields = Of(version).GetProperty("fields");
        foreach (string path in PathsOf(field))
        {
            if (fields.TryGetProperty(path, out JsonElement place)) return (place[0].GetInt32(), place[1].GetInt32());
        }

        return null;
    }

    /// <summary>A field's names in the public header, the newest first.</summary>
    private static string[] PathsOf(VmEventField field) => field switch
    {
        VmEventField.Version or VmEventField.Flags or VmEventField.Reason => [field.ToString().ToLowerInvariant()],
        VmEventField.VCpuId => ["vcpu_id"],
        VmEventField.Altp2mIndex => ["altp2m_idx"],
        VmEventField.MemPagingGfn => ["u.mem_paging.gfn"],
        VmEventField.MemPagingType => ["u.mem_paging.p2mt"],
        VmEventField.MemPagingFlags => ["u.mem_paging.flags"],
        VmEventField.MemSharingGfn => ["u.mem_sharing.gfn"],
        VmEventField.MemSharingType => ["u.mem_sharing.p2mt"],
        VmEventField.MemAccessGfn => ["u.mem_access.gfn"],
        VmEventField.MemAccessOffset => ["u.mem_access.offset"],
        VmEventField.MemAccessGla => ["u.mem_access.gla"],
        VmEventField.MemAccessFlags => ["u.mem_access.flags"],
        VmEventField.ControlRegisterIndex => ["u.write_ctrlreg.index"],
        VmEventField.ControlRegisterNewValue => ["u.write_ctrlreg.new_value"],
        VmEventField.ControlRegisterOldValue => ["u.write_ctrlreg.old_value"],
        VmEventField.Msr => ["u.mov_to_msr.msr"],
        VmEventField.MsrNewValue => ["u.mov_to_msr.new_value", "u.mov_to_msr.value"],
        VmEventField.MsrOldValue => ["u.mov_to_msr.old_value"],
        VmEventField.DescriptorInstructionInfo => ["u.desc_access.arch.vmx.instr_info"],
        VmEventField.DescriptorExitQualification => ["u.desc_access.arch.vmx.exit_qualification"],
        VmEventField.Descriptor => ["u.desc_access.descriptor"],
        VmEventField.DescriptorIsWrite => ["u.desc_access.is_write"],
        VmEventField.SingleStepGfn => ["u.singlestep.gfn"],
        VmEventField.FastSingleStepView => ["u.fast_singlestep.p2midx"],
        VmEventField.BreakpointGfn => ["u.software_breakpoint.gfn"],
        VmEventField.BreakpointInstructionLength => ["u.software_breakpoint.insn_length"],
        VmEventField.BreakpointType => ["u.software_breakpoint.type"],
        VmEventField.DebugGfn => ["u.debug_exception.gfn"],
        VmEventField.DebugPendingDebug => ["u.debug_exception.pending_dbg"],
        VmEventField.DebugInstructionLength => ["u.debug_exception.insn_length"],
        VmEventField.DebugType => ["u.debug_exception.type"],
        VmEventField.CpuidInstructionLength => ["u.cpuid.insn_length"],
        VmEventField.CpuidLeaf => ["u.cpuid.leaf"],
        VmEventField.CpuidSubleaf => ["u.cpuid.subleaf"],
        VmEventField.VmExitReason => ["u.vmexit.arch.vmx.reason"],
        VmEventField.VmExitQualification => ["u.vmexit.arch.vmx.qualification"],
        VmEventField.IoBytes => ["u.io.bytes"],
        VmEventField.IoPort => ["u.io.port"],
        VmEventField.IoIn => ["u.io.in"],
        VmEventField.IoString => ["u.io.str"],
        VmEventField.InterruptVector => ["u.interrupt.x86.vector"],
        VmEventField.InterruptType => ["u.interrupt.x86.type"],
        VmEventField.InterruptErrorCode => ["u.interrupt.x86.error_code"],
        VmEventField.InterruptCr2 => ["u.interrupt.x86.cr2"],
        VmEventField.EmulReadSize => ["data.emul.read.size"],
        VmEventField.EmulReadData => ["data.emul.read.data"],
        VmEventField.EmulInsnData => ["data.emul.insn.data"],
        >= VmEventField.ArmTtbr0 and <= VmEventField.ArmCpsr => ["data.regs.arm." + field.ToString()[3..].ToLowerInvariant()],
        VmEventField.CsAccessRights => ["data.regs.x86.cs_arbytes"],
        VmEventField.VmtracePosition => ["data.regs.x86.vmtrace_pos"],
        >= VmEventField.CsDescriptor and <= VmEventField.GsDescriptor => ["data.regs.x86." + field.ToString()[..2].ToLowerInvariant()],
        >= VmEventField.CsSelector and <= VmEventField.GsSelector => ["data.regs.x86." + field.ToString()[..2].ToLowerInvariant() + "_sel"],
        _ => ["data.regs.x86." + InHeaderSpelling(field.ToString())],
    };

    /// <summary>MsrEfer is msr_efer; Rax is rax.</summary>
    private static string InHeaderSpelling(string name) =>
        string.Concat(name.Select((c, i) => (i > 0 && char.IsUpper(c) ? "_" : "") + char.ToLowerInvariant(c)));

    private static JsonElement Read()
    {
        using Stream file = typeof(MeasuredLayouts).Assembly.GetManifestResourceStream("vm_event_layouts.json")!;
        return JsonDocument.Parse(file).RootElement;
    }
}
