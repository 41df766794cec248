namespace XenVmEvent.Abi;

/// <summary>Who owns a vCPU slot.</summary>
internal enum SlotState : uint
{
    /// <summary>Empty: Xen may fill it.</summary>
    Idle = 0,

    /// <summary>Holds a request for the listener.</summary>
    Submit = 1,

    /// <summary>Holds a response for Xen.</summary>
    Finish = 2,
}
