namespace XenVmEvent.Abi;

/// <summary>
/// The listener's side of a vm_event ring (the back end of Xen's public/io/ring.h): takes requests out and puts
/// responses in. Its free-running indices are kept here; those in shared memory are checked before use. Used by one
/// thread.
/// </summary>
internal sealed class BackRing
{
    private const int ReqProd = 0;
    private const int ReqEvent = 4;
    private const int RspProd = 8;
    private const int RspEvent = 12;
    private const int Header = 64;

    /// <summary>
    /// How often an entry that Xen overwrote meanwhile is read again before other work gets its turn.
    /// </summary>
    private const int MostTries = 16;

    private readonly SharedMemory _memory;
    private readonly VmEventLayout _layout;
    private readonly bool _answered;
    private uint _reqCons;
    private uint _rspProd;
    private uint _rspPublished;

    /// <param name="memory">The mapped ring, one page or more.</param>
    /// <param name="layout">The running Xen's layout of an entry.</param>
    /// <param name="answered">
    /// True when every request gets a response, as in ring mode. False for the asynchronous ring beside the vCPU slots,
    /// which Xen fills without waiting for room.
    /// </param>
    public BackRing(SharedMemory memory, VmEventLayout layout, bool answered)
    {
        _memory = memory;
        _layout = layout;
        _answered = answered;
        int fitting = (memory.Length - Header) / layout.Size;
        ArgumentOutOfRangeException.ThrowIfLessThan(fitting, 1, nameof(memory));
        Entries = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)fitting + 1) / 2;
    }

    /// <summary>How many requests fit: the largest power of two.</summary>
    public int Entries { get; }

    /// <summary>Requests that Xen overwrote before they were read (unanswered ring only).</summary>
    public long Lost { get; private set; }

    /// <summary>Requests taken and not yet answered.</summary>
    public int Unanswered => (int)(_reqCons - _rspProd);

    /// <summary>Whether a request is waiting to be read.</summary>
    public bool HasRequest => Unconsumed() != 0;

    /// <summary>Makes the ring empty. Only before the first event.</summary>
    public void Initialise()
    {
        _memory.WriteRelease(ReqProd, 0);
        _memory.WriteRelease(RspProd, 0);
        _memory.WriteRelease(ReqEvent, 1);
        _memory.WriteRelease(RspEvent, 1);
        _reqCons = _rspProd = _rspPublished = 0;
    }

    /// <summary>Copies the next request, so that nothing can change it while it is decided on.</summary>
    /// <returns>
    /// False when there is none, or when every one that was tried was overwritten meanwhile; then look again.
    /// </returns>
    /// <exception cref="XenException">The ring's indices have values that Xen never writes.</exception>
    public bool TryRead(Span<byte> destination)
    {
        for (int tries = 0; tries < MostTries && Unconsumed() != 0; tries++)
        {
            Entry(_reqCons).CopyTo(destination);
            if (!_answered && Overtaken()) continue;
            _reqCons++;
            if (!_answered) _rspPublished = _rspProd = _reqCons;
            return true;
        }

        return false;
    }

    /// <summary>
    /// The bytes for the next response. It may take the place of a consumed request, never that of a waiting one.
    /// </summary>
    public Span<byte> NextResponse()
    {
        if (Unanswered == 0) throw new InvalidOperationException("There is no request to answer.");
        return Entry(_rspProd++);
    }

    /// <summary>
    /// The bytes for the response to a vCPU's request. A request that waits longer gives up its place for it and moves
    /// to the place of the answered one. So the entries from rsp_prod on are always those without an answer, which
    /// another process can then give instead of this one.
    /// </summary>
    public Span<byte> ResponseTo(uint vcpu, bool synchronous)
    {
        for (uint index = _rspProd; index != _reqCons; index++)
        {
            RequestReader request = new(Entry(index), _layout);
            if (request.VCpuId != vcpu || request.IsSynchronous != synchronous) continue;
            if (index != _rspProd) Entry(_rspProd).CopyTo(Entry(index));
            break;
        }

        return NextResponse();
    }

    /// <summary>
    /// Continues where a listener that is gone left off: the entries without an answer can be read again.
    /// </summary>
    public void Adopt() => _reqCons = _rspProd = _rspPublished = _memory.ReadAcquire(RspProd);

    /// <summary>
    /// The bytes for a response to no request, to resume a vCPU whose event another listener left unanswered. Only on a
    /// ring that has had no request, or is full, and only while <see cref="MayAnswerUnasked"/> is true.
    /// </summary>
    public Span<byte> UnaskedResponse()
    {
        Span<byte> entry = Entry(_rspProd++);
        _reqCons = _rspProd;
        return entry;
    }

    /// <summary>
    /// Whether another unasked response fits: Xen must not be shown more than <see cref="Entries"/> responses at once.
    /// </summary>
    public bool MayAnswerUnasked => _rspProd - _rspPublished < Entries;

    /// <summary>Shows Xen all responses written since the last call.</summary>
    /// <returns>True when there were any; Xen must then be notified.</returns>
    public bool Publish()
    {
        if (!_answered || _rspPublished == _rspProd) return false;
        _memory.WriteRelease(RspProd, _rspProd);
        _rspPublished = _rspProd;
        return true;
    }

    /// <summary>
    /// Asks Xen to signal the next request, and looks once more for a request that came before Xen could know.
    /// </summary>
    /// <returns>True when a request is there: do not sleep.</returns>
    public bool FinalCheck()
    {
        _memory.WriteRelease(ReqEvent, _reqCons + 1);
        Interlocked.MemoryBarrier();
        return Unconsumed() != 0;
    }

    private uint Unconsumed()
    {
        uint reqProd = _memory.ReadAcquire(ReqProd);
        uint waiting = reqProd - _reqCons;

        // Xen puts a request only into a place for which it was shown a response.
        if (waiting <= Entries && reqProd - _rspPublished <= Entries) return waiting;
        if (_answered || (int)waiting < 0) throw Corrupt(reqProd);
        SkipTo(reqProd - (uint)Entries);
        return (uint)Entries;
    }

    /// <summary>Whether Xen may have overwritten the entry while it was copied.</summary>
    private bool Overtaken()
    {
        Interlocked.MemoryBarrier();
        uint reqProd = _memory.ReadAcquire(ReqProd);

        // Xen writes entry reqProd before it moves reqProd, so the entry one ring behind is already unsafe.
        uint waiting = reqProd - _reqCons;
        if (waiting < Entries) return false;
        if ((int)waiting < 0) throw Corrupt(reqProd);
        SkipTo(reqProd - (uint)Entries + 1);
        return true;
    }

    private void SkipTo(uint index)
    {
        Lost += index - _reqCons;
        _reqCons = _rspProd = _rspPublished = index;
    }

    private Span<byte> Entry(uint index) =>
        _memory.Slice(Header + (int)(index & (uint)(Entries - 1)) * _layout.Size, _layout.Size);

    private XenException Corrupt(uint reqProd) =>
        new(XenErrorId.CorruptChannel,
            $"The vm_event ring is corrupt: req_prod is {reqProd}, {_reqCons} requests were read, {_rspPublished} answered, and it holds {Entries}.",
            "The session has ended; start it again, and report this with the versions of Xen and XenVmEvent.");
}
