using System.Numerics;
using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>
/// Xen's side of a vm_event ring: puts requests in and takes responses out. It has its own indices, and trusts the
/// shared ones as little as Xen does.
/// </summary>
internal sealed class FrontRing
{
    private const int ReqProd = 0;
    private const int RspProd = 8;
    private const int RspEvent = 12;
    private const int Header = 64;

    private readonly SharedMemory _memory;
    private readonly VmEventLayout _layout;
    private uint _reqProd;
    private uint _rspCons;

    public FrontRing(SharedMemory memory, VmEventLayout layout)
    {
        _memory = memory;
        _layout = layout;
        Entries = 1 << BitOperations.Log2((uint)((memory.Length - Header) / layout.Size));
    }

    public int Entries { get; }

    /// <summary>Entries that hold no request and no response.</summary>
    public int Free => Entries - (int)(_reqProd - _rspCons);

    /// <summary>Copies a request in and shows it to the listener. The caller must know that there is room.</summary>
    public void Put(ReadOnlySpan<byte> request)
    {
        request.CopyTo(Entry(_reqProd));
        _memory.WriteRelease(ReqProd, ++_reqProd);
    }

    /// <summary>Copies the next response out.</summary>
    /// <returns>False if there is none.</returns>
    public bool TryTake(Span<byte> response)
    {
        if (_memory.ReadAcquire(RspProd) == _rspCons) return false;
        Entry(_rspCons).CopyTo(response);
        _memory.WriteRelease(RspEvent, ++_rspCons + 1);
        return true;
    }

    /// <summary>
    /// Whether the listener published more responses than there were requests. Before the first request this is
    /// harmless: it is how to resume vCPUs that another listener left paused.
    /// </summary>
    public bool IsOverAnswered
    {
        get
        {
            uint published = _memory.ReadAcquire(RspProd) - _rspCons;
            return _reqProd == 0 ? published > Entries : published > _reqProd - _rspCons;
        }
    }

    /// <summary>Shows a request index that Xen would never write.</summary>
    public void TearIndex() => _memory.WriteRelease(ReqProd, _reqProd + 0x4000_0000);

    private Span<byte> Entry(uint index) =>
        _memory.Slice(Header + (int)(index & (uint)(Entries - 1)) * _layout.Size, _layout.Size);
}
