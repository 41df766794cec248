using System.Runtime.CompilerServices;
using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// Something a vCPU did that was watched. Immutable but for its response, which is set once. All values are those at
/// the moment of the event; a field that the running Xen's interface version does not have is 0.
/// </summary>
public abstract class VmEvent
{
    private readonly VmEventSource _source;
    private readonly long _timestamp;
    private readonly RequestBytes _request;
    private VmEventResponse? _response;
    private long _answeredAt;
    private int _state;

    private protected VmEvent(VmEventSource source, RequestReader request, long timestamp)
    {
        _source = source;
        _timestamp = timestamp;
        request.Bytes.CopyTo(_request);
    }

    /// <summary>When the event was read from the channel, to well under a microsecond from event to event.</summary>
    public DateTimeOffset Time => _source.TimeOf(_timestamp);

    /// <summary>The domain's name.</summary>
    public string Domain => _source.Domain;

    /// <summary>The domain's id.</summary>
    public uint DomainId => _source.DomainId;

    /// <summary>The vCPU that did it, from 0.</summary>
    public uint VCpu => Request.VCpuId;

    /// <summary>What it did.</summary>
    public VmEventKind Kind => Request.Kind;

    /// <summary>The vCPU's instruction pointer (arm64: program counter).</summary>
    public ulong InstructionPointer => Request.InstructionPointer(_source.Architecture);

    /// <summary>The altp2m view the vCPU was in; 0 is the host's own.</summary>
    public ushort View => (ushort)Request.UInt32(VmEventField.Altp2mIndex);

    /// <summary>The kind's own fields in a few words.</summary>
    public abstract string Details { get; }

    /// <summary>The code that the instruction pointer is in, as in <c>do_syscall_64+0x38</c>; null unless who shows the event looked it up.</summary>
    public string? Symbol { get; set; }

    /// <summary>The instruction that the instruction pointer is at, in Intel's syntax; null unless who shows the event looked it up.</summary>
    public string? Instruction { get; set; }

    /// <summary>Whether the vCPU stands still until the event is answered.</summary>
    public bool IsSynchronous => Request.IsSynchronous;

    /// <summary>Whether another domain caused it, not the vCPU.</summary>
    public bool IsForeign => (Request.Flags & VmEventFlags.Foreign) != 0;

    /// <summary>Whether it came from a guest within this guest (interface version 7).</summary>
    public bool IsNested => (Request.Flags & VmEventFlags.NestedP2m) != 0;

    /// <summary>The vCPU's registers.</summary>
    public VCpuRegisters Registers =>
        _source.Architecture == GuestArchitecture.Arm64 ? new ArmRegisters(this) : new X86Registers(this);

    /// <summary>What the guest was, or will be, told to do; null while nobody has decided, and where the domain or the session ended before.</summary>
    public VmEventResponse? Response => ResponseState is ResponseState.Held or ResponseState.Unanswered ? null : _response;

    /// <summary>How the response came about.</summary>
    public ResponseState ResponseState => (ResponseState)(Volatile.Read(ref _state) & ~Answering);

    /// <summary>
    /// How long from reading the request until Xen was told of the response, holding included; null as long as it has not
    /// been told.
    /// </summary>
    public TimeSpan? HandlingTime => Volatile.Read(ref _answeredAt) is var at and not 0 ? _source.Between(_timestamp, at) : null;

    internal RequestReader Request => new(_request, _source.Layout);

    /// <summary>What is missing of the events that it is one of.</summary>
    internal LossLog Losses => _source.Losses;

    /// <summary>Who waits for an answer to it.</summary>
    internal IHeldEvents HeldEvents => _source.HeldEvents;

    internal GuestArchitecture Architecture => _source.Architecture;

    /// <summary>Nothing about it will change any more.</summary>
    internal bool IsSettled => _source.IsRecorded || Volatile.Read(ref _answeredAt) != 0;

    /// <summary>While a holder's answer is being stored the state is Held with this bit.</summary>
    private static int Answering => 1 << 8;

    /// <summary>Answers a held event.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.ResponseNotApplicable"/>: the answer makes no sense for the event.
    /// <see cref="XenErrorId.NotSupported"/>: this Xen cannot do it.
    /// <see cref="XenErrorId.AlreadyAnswered"/>: it was not held, was answered, or its deadline is over.
    /// <see cref="XenErrorId.SessionEnded"/>: the domain or the session has ended.
    /// </exception>
    public void Respond(VmEventResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        XenException? objection = ResponseRules.FindObjection(response, Request, _source.Architecture) ?? _source.HeldEvents.FindObjection(response);
        if (objection is not null) throw objection;
        if (TryAnswer(response, ResponseState.Given))
        {
            _source.HeldEvents.OnAnswered();
            return;
        }

        if (ResponseState == ResponseState.Unanswered)
            throw new XenException(XenErrorId.SessionEnded, "The domain, or the session, ended before the event was answered.", "There is nothing to answer any more.");
        throw new XenException(
            XenErrorId.AlreadyAnswered,
            ResponseState switch
            {
                ResponseState.TimedOut => "The event was answered with its default already, for its deadline was over.",
                ResponseState.Default => "The event was not held: it was answered when it was read.",
                _ => "The event has been answered already.",
            },
            "Hold the events of the watch, and answer before the deadline.",
            task: RemedyTask.HoldEvents);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Domain} vCPU {VCpu} ip 0x{InstructionPointer:x} {Details}".TrimEnd();

    /// <summary>Before it is shown to anybody: the default goes out at once.</summary>
    internal void SetDefault(VmEventResponse response) => _response = response;

    /// <summary>Before it is shown to anybody: somebody may answer.</summary>
    internal void Hold() => _state = (int)ResponseState.Held;

    /// <summary>Answers it if nobody has.</summary>
    internal bool TryAnswer(VmEventResponse response, ResponseState how)
    {
        const int held = (int)ResponseState.Held;
        if (Interlocked.CompareExchange(ref _state, held | Answering, held) != held) return false;
        _response = response;
        Volatile.Write(ref _state, (int)how);
        return true;
    }

    /// <summary>Xen has been told of the response.</summary>
    /// <param name="timestamp">When, in the source's time.</param>
    internal void SetAnswered(long timestamp) => Volatile.Write(ref _answeredAt, timestamp);

    /// <summary>Before it is shown to anybody: how it was answered, when it was recorded.</summary>
    internal void Restore(VmEventResponse? response, ResponseState state, long answeredAt)
    {
        _response = response;
        _state = (int)state;
        _answeredAt = answeredAt;
    }

    /// <summary>There is nobody left to tell: if it is not answered yet, it stays so.</summary>
    internal void Abandon() => Interlocked.CompareExchange(ref _state, (int)ResponseState.Unanswered, (int)ResponseState.Held);

    /// <summary>True once the answer is there to be sent.</summary>
    internal bool IsDecided => Volatile.Read(ref _state) is not ((int)ResponseState.Held) and < (1 << 8);
}

/// <summary>Room for one request within an event, so that an event is one object.</summary>
[InlineArray(VmEventLayout.LargestSize)]
internal struct RequestBytes
{
    private byte _first;
}
