namespace XenVmEvent.Abi;

/// <summary>
/// The vCPU slots of the slotted channel: one request and its response per vCPU, back to back, across page boundaries.
/// The slot's index is the vCPU's id. Used by one thread.
/// </summary>
internal sealed class VCpuSlots
{
    private const int State = 0;
    private const int Payload = 8;

    private readonly SharedMemory _memory;
    private readonly VmEventLayout _layout;

    /// <param name="memory">The mapped slots.</param>
    /// <param name="layout">The running Xen's layout of a request.</param>
    /// <param name="count">The domain's vCPUs.</param>
    public VCpuSlots(SharedMemory memory, VmEventLayout layout, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count * SizeOf(layout), memory.Length, nameof(count));
        _memory = memory;
        _layout = layout;
        Count = count;
    }

    /// <summary>The domain's vCPUs.</summary>
    public int Count { get; }

    /// <summary>Bytes of one slot.</summary>
    public static int SizeOf(VmEventLayout layout) => Payload + layout.Size;

    /// <summary>The state of a vCPU's slot.</summary>
    /// <exception cref="XenException">Xen never writes this state.</exception>
    public SlotState StateOf(int vcpu)
    {
        uint state = _memory.ReadAcquire(Start(vcpu) + State);
        return state <= (uint)SlotState.Finish
            ? (SlotState)state
            : throw new XenException(
                XenErrorId.CorruptChannel,
                $"The slot of vCPU {vcpu} is corrupt: its state is {state}.",
                "The session has ended; start it again, and report this with the versions of Xen and XenVmEvent.");
    }

    /// <summary>
    /// Whether a vCPU's slot is in a state, for Xen's side: false also for a state that does not exist.
    /// </summary>
    public bool IsIn(int vcpu, SlotState state) => _memory.ReadAcquire(Start(vcpu) + State) == (uint)state;

    /// <summary>The request, or the bytes for the response. The state says whose turn it is.</summary>
    public Span<byte> Message(int vcpu) => _memory.Slice(Start(vcpu) + Payload, _layout.Size);

    /// <summary>Hands the slot over to the other side, with everything written before it.</summary>
    public void SetState(int vcpu, SlotState state) => _memory.WriteRelease(Start(vcpu) + State, (uint)state);

    private int Start(int vcpu)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)vcpu, (uint)Count, nameof(vcpu));
        return vcpu * SizeOf(_layout);
    }
}
