using System.Collections.Frozen;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Policy;

/// <summary>
/// The names that an expression may use: the fields of an event of its kind, as recordings name them, and the registers
/// of the vCPU. Upper and lower case are the same. The register of a WriteControlRegister event has no name: its rule
/// says which it watches, and <c>cr4</c> is the register's value.
/// </summary>
internal sealed class EventFields
{
    private static readonly (string Name, VmEventField Field)[] Registers =
    [
        ("rax", VmEventField.Rax), ("rcx", VmEventField.Rcx), ("rdx", VmEventField.Rdx), ("rbx", VmEventField.Rbx),
        ("rsp", VmEventField.Rsp), ("rbp", VmEventField.Rbp), ("rsi", VmEventField.Rsi), ("rdi", VmEventField.Rdi),
        ("r8", VmEventField.R8), ("r9", VmEventField.R9), ("r10", VmEventField.R10), ("r11", VmEventField.R11),
        ("r12", VmEventField.R12), ("r13", VmEventField.R13), ("r14", VmEventField.R14), ("r15", VmEventField.R15),
        ("rip", VmEventField.Rip), ("rflags", VmEventField.Rflags), ("cr0", VmEventField.Cr0), ("cr2", VmEventField.Cr2),
        ("cr3", VmEventField.Cr3), ("cr4", VmEventField.Cr4), ("dr6", VmEventField.Dr6), ("dr7", VmEventField.Dr7),
        ("efer", VmEventField.MsrEfer), ("star", VmEventField.MsrStar), ("lstar", VmEventField.MsrLstar),
        ("sysenterCs", VmEventField.SysenterCs), ("sysenterEsp", VmEventField.SysenterEsp), ("sysenterEip", VmEventField.SysenterEip),
        ("fsBase", VmEventField.FsBase), ("gsBase", VmEventField.GsBase), ("shadowGs", VmEventField.ShadowGs),
        ("gdtrBase", VmEventField.GdtrBase), ("gdtrLimit", VmEventField.GdtrLimit), ("csSelector", VmEventField.CsSelector),
        ("pc", VmEventField.ArmPc), ("cpsr", VmEventField.ArmCpsr), ("ttbr0", VmEventField.ArmTtbr0), ("ttbr1", VmEventField.ArmTtbr1),
    ];

    private static readonly FrozenDictionary<VmEventKind, EventFields> ByKind =
        Enum.GetValues<VmEventKind>().ToFrozenDictionary(kind => kind, kind => new EventFields(kind));

    private readonly Dictionary<string, Expression> _fields = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, ulong> _constants = new(StringComparer.OrdinalIgnoreCase);

    private EventFields(VmEventKind kind)
    {
        Kind = kind;
        AddOwn();
        OwnNames = [.. _fields.Keys];
        foreach ((string name, VmEventField field) in Registers) _fields[name] = Expression.Of(field);
        _fields["vcpu"] = Expression.Of(VmEventField.VCpuId);
        _fields["view"] = Expression.Of(VmEventField.Altp2mIndex);
        _fields["privilegeLevel"] = Expression.OfPrivilegeLevel();
    }

    /// <summary>The kind of event.</summary>
    public VmEventKind Kind { get; }

    /// <summary>The names of the fields that only events of this kind have.</summary>
    public IReadOnlyList<string> OwnNames { get; }

    /// <summary>All names, in alphabetical order.</summary>
    public IEnumerable<string> Names => _fields.Keys.Concat(_constants.Keys).Order(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names of fields and registers of a kind of event.</summary>
    public static EventFields Of(VmEventKind kind) => ByKind[kind];

    /// <summary>The field with a name; null if there is none.</summary>
    public Expression? FindField(string name) => _fields.GetValueOrDefault(name);

    /// <summary>The value of a name that stands for a number in events of this kind, such as LSTAR; null if there is none.</summary>
    public ulong? FindConstant(string name)
    {
        if (_constants.TryGetValue(name, out ulong value)) return value;
        return Kind == VmEventKind.MovToMsr && char.IsAsciiLetter(name[0]) && MsrNames.TryParse(name, out uint msr) ? msr : null;
    }

    private void AddOwn()
    {
        switch (Kind)
        {
            case VmEventKind.MemAccess:
                Number("gfn", VmEventField.MemAccessGfn);
                Number("offset", VmEventField.MemAccessOffset);
                Number("linearAddress", VmEventField.MemAccessGla);
                _fields["access"] = Expression.And(Expression.Of(VmEventField.MemAccessFlags), (ulong)MemAccessFlags.ReadWriteExecute);
                Constants<PageAccess>();
                break;
            case VmEventKind.SingleStep: Number("gfn", VmEventField.SingleStepGfn); break;
            case VmEventKind.Cpuid:
                Number("leaf", VmEventField.CpuidLeaf);
                Number("subleaf", VmEventField.CpuidSubleaf);
                break;
            case VmEventKind.WriteControlRegister:
                Number("oldValue", VmEventField.ControlRegisterOldValue);
                Number("newValue", VmEventField.ControlRegisterNewValue);
                break;
            case VmEventKind.MovToMsr:
                Number("msr", VmEventField.Msr);
                Number("oldValue", VmEventField.MsrOldValue);
                Number("newValue", VmEventField.MsrNewValue);
                break;
            case VmEventKind.SoftwareBreakpoint:
                Number("gfn", VmEventField.BreakpointGfn);
                Number("instructionLength", VmEventField.BreakpointInstructionLength);
                break;
            case VmEventKind.DebugException:
                Number("gfn", VmEventField.DebugGfn);
                Number("pendingDebug", VmEventField.DebugPendingDebug);
                break;
            case VmEventKind.DescriptorAccess:
                Number("descriptor", VmEventField.Descriptor);
                Condition("isWrite", VmEventField.DescriptorIsWrite);
                Constants<DescriptorTable>();
                break;
            case VmEventKind.Interrupt:
                Number("vector", VmEventField.InterruptVector);
                Number("type", VmEventField.InterruptType);
                Number("errorCode", VmEventField.InterruptErrorCode);
                break;
            case VmEventKind.VmExit:
                Number("reason", VmEventField.VmExitReason);
                Number("qualification", VmEventField.VmExitQualification);
                break;
            case VmEventKind.Io:
                Number("port", VmEventField.IoPort);
                Number("bytes", VmEventField.IoBytes);
                Condition("isIn", VmEventField.IoIn);
                Condition("isString", VmEventField.IoString);
                break;
        }
    }

    private void Number(string name, VmEventField field) => _fields[name] = Expression.Of(field);

    private void Condition(string name, VmEventField field) => _fields[name] = Expression.IsSet(field);

    private void Constants<T>() where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>()) _constants[value.ToString()] = Convert.ToUInt64(value, System.Globalization.CultureInfo.InvariantCulture);
    }
}
