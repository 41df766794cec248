using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// Selects events by their contents. An event has to be in each list that has ranges. An event without the field is in
/// no list.
/// </summary>
public sealed record EventSelection
{
    private readonly AddressRange[] _newValues = [];
    private readonly AddressRange[] _instructionPointers = [];
    private readonly AddressRange[] _linearAddresses = [];

    /// <summary>The kinds of event that have a new register value.</summary>
    public static IReadOnlyList<VmEventKind> KindsWithNewValue { get; } = [VmEventKind.WriteControlRegister, VmEventKind.MovToMsr];

    /// <summary>The new values of a register.</summary>
    public IReadOnlyList<AddressRange> NewValues
    {
        get => _newValues;
        init => _newValues = AddressRange.Merge(value);
    }

    /// <summary>The values of the instruction pointer (arm64: the program counter).</summary>
    public IReadOnlyList<AddressRange> InstructionPointers
    {
        get => _instructionPointers;
        init => _instructionPointers = AddressRange.Merge(value);
    }

    /// <summary>
    /// The linear addresses accessed, of <see cref="VmEventKind.MemAccess"/> events for which Xen knows them.
    /// </summary>
    public IReadOnlyList<AddressRange> LinearAddresses
    {
        get => _linearAddresses;
        init => _linearAddresses = AddressRange.Merge(value);
    }

    /// <summary>Whether it selects all events.</summary>
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
