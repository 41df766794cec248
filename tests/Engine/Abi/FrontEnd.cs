using XenVmEvent.Abi;

namespace XenVmEvent.Tests.Abi;

/// <summary>
/// Xen's side of a ring, written from the measured layout alone. Each request carries a number in every 8 bytes of its
/// registers, so that a torn copy shows.
/// </summary>
internal sealed class FrontEnd(SharedMemory memory, VmEventLayout layout, uint start = 0)
{
    private static readonly int Header = Offset("header");
    private static readonly int ReqProd = Offset("req_prod");
    private static readonly int ReqEvent = Offset("req_event");
    private static readonly int RspProd = Offset("rsp_prod");

    private readonly byte[] _entry = new byte[layout.Size];
    private uint _reqProd = start;
    private uint _rspCons = start;

    public int Entries { get; } = LargestPowerOfTwo((memory.Length - Header) / layout.Size);

    public uint RequestProducer => _reqProd;

    public bool HasRoom => _reqProd - _rspCons < Entries;

    /// <summary>Puts a request in.</summary>
    /// <returns>Whether the back end asked to be signalled for it.</returns>
    public bool Produce(ulong number)
    {
        uint old = _reqProd;
        Fill(_entry, number);
        _entry.CopyTo(Entry(_reqProd));
        memory.WriteRelease(ReqProd, ++_reqProd);
        Interlocked.MemoryBarrier();
        return _reqProd - memory.ReadAcquire(ReqEvent) < _reqProd - old;
    }

    /// <summary>Writes any index.</summary>
    public void ShowRequestProducer(uint value) => memory.WriteRelease(ReqProd, value);

    public uint RequestEvent => memory.ReadAcquire(ReqEvent);

    /// <summary>Moves on as if this many requests had been put in.</summary>
    public void Jump(uint count) => memory.WriteRelease(ReqProd, _reqProd += count);

    /// <summary>Takes the responses that were published.</summary>
    public List<ulong> TakeResponses()
    {
        List<ulong> taken = [];
        while (memory.ReadAcquire(RspProd) != _rspCons) taken.Add(NumberIn(Entry(_rspCons++)));
        return taken;
    }

    /// <summary>The number in a request or response.</summary>
    /// <exception cref="InvalidDataException">Its bytes belong to different numbers.</exception>
    public ulong NumberIn(ReadOnlySpan<byte> bytes)
    {
        var view = new RequestReader(bytes, layout);
        ulong number = view.UInt64(VmEventField.Rax);
        for (VmEventField field = VmEventField.Rax; field <= VmEventField.Rflags; field++)
        {
            if (view.UInt64(field) != number) throw new InvalidDataException($"{field} is of another entry than RAX.");
        }

        return number;
    }

    /// <summary>Fills a request or response with a number.</summary>
    public void Fill(Span<byte> bytes, ulong number)
    {
        var writer = new ResponseWriter(bytes, layout);
        for (VmEventField field = VmEventField.Rax; field <= VmEventField.Rflags; field++) writer.Set(field, number);
    }

    private static int Offset(string name) => MeasuredLayouts.Ring.GetProperty(name).GetInt32();

    private static int LargestPowerOfTwo(int most)
    {
        int entries = 1;
        while (entries * 2 <= most) entries *= 2;
        return entries;
    }

    private Span<byte> Entry(uint index) =>
        memory.Slice(Header + (int)(index & (uint)(Entries - 1)) * layout.Size, layout.Size);
}
