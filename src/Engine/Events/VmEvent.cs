using System.Runtime.CompilerServices;
using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// Something watched that a vCPU did. Immutable except for its response, which is set once. All values are those at the
/// moment of the event. A field that the running Xen's interface version does not have is 0.
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

    /// <summary>
    /// When the event was read from the channel. Times between events are exact to well under a microsecond.
    /// </summary>
    public DateTimeOffset Time => _source.TimeOf(_timestamp);

    /// <summary>The name of the host that it was received from; null for an event of this host.</summary>
    public string? HostName => _source.HostName;

    /// <summary>The domain's name.</summary>
    public string Domain => _source.Domain;

    /// <summary>The domain's name, after that of its host if it is another one, as in dom0-1/web01.</summary>
    internal string Guest => _source.Guest;

    /// <summary>The domain's id.</summary>
    public uint DomainId => _source.DomainId;

    /// <summary>The vCPU that did it, numbered from 0.</summary>
    public uint VCpu => Request.VCpuId;

    /// <summary>What it did.</summary>
    public VmEventKind Kind => Request.Kind;

    /// <summary>The vCPU's instruction pointer (arm64: program counter).</summary>
    public ulong InstructionPointer => Request.InstructionPointer(_source.Architecture);

    /// <summary>The altp2m view that the vCPU was in; 0: the host's own.</summary>
    public ushort View => (ushort)Request.UInt32(VmEventField.Altp2mIndex);

    /// <summary>The fields of this kind of event in a few words.</summary>
    public abstract string Details { get; }

    /// <summary>
    /// The symbol that the instruction pointer is in, such as <c>do_syscall_64+0x38</c>; null if nobody looked it up.
    /// </summary>
    public string? Symbol { get; set; }

    /// <summary>The instruction at the instruction pointer, in Intel's syntax; null if nobody looked it up.</summary>
    public string? Instruction { get; set; }

    /// <summary>The name of the rule that applied to it; null if none did.</summary>
    public string? Rule => RuleMark?.Rule;

    /// <summary>The name of that rule's policy; null if no rule applied.</summary>
    public string? Policy => RuleMark?.Policy;

    /// <summary>How serious it is, according to that rule; null if no rule applied.</summary>
    public RuleSeverity? Severity => RuleMark?.Severity;

    /// <summary>What that rule says about it; null for nothing.</summary>
    public string? RuleMessage => RuleMark?.Message;

    /// <summary>Whether the vCPU stands still until the event is answered.</summary>
    public bool IsSynchronous => Request.IsSynchronous;

    /// <summary>Whether another domain caused it instead of the vCPU.</summary>
    public bool IsForeign => (Request.Flags & VmEventFlags.Foreign) != 0;

    /// <summary>Whether it came from a nested guest of this guest (interface version 7).</summary>
    public bool IsNested => (Request.Flags & VmEventFlags.NestedP2m) != 0;

    /// <summary>The vCPU's registers.</summary>
    public VCpuRegisters Registers =>
        _source.Architecture == GuestArchitecture.Arm64 ? new ArmRegisters(this) : new X86Registers(this);

    /// <summary>
    /// What the guest shall do; null while nobody has decided, and if the domain or the session ended before anybody
    /// did.
    /// </summary>
    public VmEventResponse? Response => ResponseState is ResponseState.Held or ResponseState.Unanswered ? null : _response;

    /// <summary>How the response came about.</summary>
    public ResponseState ResponseState => (ResponseState)(Volatile.Read(ref _state) & ~Answering);

    /// <summary>
    /// The time from reading the request until Xen got the response, holding included; null until Xen has it.
    /// </summary>
    public TimeSpan? HandlingTime => Volatile.Read(ref _answeredAt) is var at and not 0 ? _source.Between(_timestamp, at) : null;

    /// <summary>The rule that applied to it; null if none did. Set before it is shown to anybody.</summary>
    internal RuleMark? RuleMark { get; set; }

    /// <summary>When it was read, in the source's time.</summary>
    internal long Timestamp => _timestamp;

    /// <summary>
    /// Whether a consumer of several subscriptions has had it already: each that reports it has it in its buffer. Used by
    /// that consumer's thread.
    /// </summary>
    internal bool IsTaken { get; set; }

    internal RequestReader Request => new(_request, _source.Layout);

    /// <summary>The losses among the events that it belongs to.</summary>
    internal LossLog Losses => _source.Losses;

    /// <summary>Waits for the answer to it.</summary>
    internal IHeldEvents HeldEvents => _source.HeldEvents;

    internal GuestArchitecture Architecture => _source.Architecture;

    /// <summary>Whether nothing about it will change any more.</summary>
    internal bool IsSettled => _source.IsRecorded || Volatile.Read(ref _answeredAt) != 0;

    /// <summary>While a holder's answer is being stored, the state is Held with this bit.</summary>
    private static int Answering => 1 << 8;

    /// <summary>Answers a held event.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.ResponseNotApplicable"/>: the answer makes no sense for the event.
    /// <see cref="XenErrorId.NotSupported"/>: this Xen cannot do it.
    /// <see cref="XenErrorId.AlreadyAnswered"/>: it was not held, was answered, or its deadline has passed.
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
                ResponseState.Rule => "A rule answered the event when it was read.",
                ResponseState.Default => "The event was not held: it was answered when it was read.",
                _ => "The event has been answered already.",
            },
            "Hold the events of the watch, and answer before the deadline.",
            task: RemedyTask.HoldEvents);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Domain} vCPU {VCpu} ip 0x{InstructionPointer:x} {Details}".TrimEnd();

    /// <summary>Called before it is shown to anybody: the default goes out at once.</summary>
    internal void SetDefault(VmEventResponse response) => _response = response;

    /// <summary>Called before it is shown to anybody: a rule's answer goes out at once.</summary>
    internal void SetByRule(VmEventResponse response)
    {
        _response = response;
        _state = (int)ResponseState.Rule;
    }

    /// <summary>Called before it is shown to anybody: somebody may answer.</summary>
    internal void Hold() => _state = (int)ResponseState.Held;

    /// <summary>Answers it if nobody has answered yet.</summary>
    internal bool TryAnswer(VmEventResponse response, ResponseState how)
    {
        const int held = (int)ResponseState.Held;
        if (Interlocked.CompareExchange(ref _state, held | Answering, held) != held) return false;
        _response = response;
        Volatile.Write(ref _state, (int)how);
        return true;
    }

    /// <summary>Called when Xen has got the response.</summary>
    /// <param name="timestamp">The time, in the source's time.</param>
    internal void SetAnswered(long timestamp) => Volatile.Write(ref _answeredAt, timestamp);

    /// <summary>Called before it is shown to anybody: sets how it was answered when it was recorded.</summary>
    internal void Restore(VmEventResponse? response, ResponseState state, long answeredAt)
    {
        _response = response;
        _state = (int)state;
        _answeredAt = answeredAt;
    }

    /// <summary>Called when no answer can be sent any more: if it is not answered yet, it stays unanswered.</summary>
    internal void Abandon() => Interlocked.CompareExchange(ref _state, (int)ResponseState.Unanswered, (int)ResponseState.Held);

    /// <summary>Whether the answer can be sent.</summary>
    internal bool IsDecided => Volatile.Read(ref _state) is not ((int)ResponseState.Held) and < (1 << 8);
}

/// <summary>Room for one request inside an event, so that an event is one object.</summary>
[InlineArray(VmEventLayout.LargestSize)]
internal struct RequestBytes
{
    private byte _first;
}
