using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// Which events are meant, by what is in them. An event has to be in each of the lists that has ranges; what has no such
/// field is in none.
/// </summary>
public sealed record EventSelection
{
    private readonly AddressRange[] _newValues = [];
    private readonly AddressRange[] _instructionPointers = [];
    private readonly AddressRange[] _linearAddresses = [];

    /// <summary>The kinds of event that have a new value.</summary>
    public static IReadOnlyList<VmEventKind> KindsWithNewValue { get; } = [VmEventKind.WriteControlRegister, VmEventKind.MovToMsr];

    /// <summary>The values that a register is to get.</summary>
    public IReadOnlyList<AddressRange> NewValues
    {
        get => _newValues;
        init => _newValues = AddressRange.Merge(value);
    }

    /// <summary>Where the instruction pointer is (arm64: the program counter).</summary>
    public IReadOnlyList<AddressRange> InstructionPointers
    {
        get => _instructionPointers;
        init => _instructionPointers = AddressRange.Merge(value);
    }

    /// <summary>The linear addresses that are accessed, of <see cref="VmEventKind.MemAccess"/> events where Xen knows them.</summary>
    public IReadOnlyList<AddressRange> LinearAddresses
    {
        get => _linearAddresses;
        init => _linearAddresses = AddressRange.Merge(value);
    }

    /// <summary>Whether it leaves nothing out.</summary>
    public bool IsEverything => _newValues.Length == 0 && _instructionPointers.Length == 0 && _linearAddresses.Length == 0;

    internal bool Includes(RequestReader request, GuestArchitecture architecture) =>
        (_newValues.Length == 0 || HasNewValue(request))
        && (_instructionPointers.Length == 0 || AddressRange.Contain(_instructionPointers, request.InstructionPointer(architecture)))
        && (_linearAddresses.Length == 0 || HasLinearAddress(request));

    private bool HasNewValue(RequestReader request) => request.Kind switch
    {
        VmEventKind.WriteControlRegister => AddressRange.Contain(_newValues, request.UInt64(VmEventField.ControlRegisterNewValue)),
        VmEventKind.MovToMsr => AddressRange.Contain(_newValues, request.UInt64(VmEventField.MsrNewValue)),
        _ => false,
    };

    private bool HasLinearAddress(RequestReader request) =>
        request.Kind == VmEventKind.MemAccess
        && ((MemAccessFlags)request.UInt32(VmEventField.MemAccessFlags) & MemAccessFlags.GlaValid) != 0
        && AddressRange.Contain(_linearAddresses, request.UInt64(VmEventField.MemAccessGla));
}
