using XenVmEvent.Abi;

namespace XenVmEvent.Tests.Abi;

/// <summary>Writes into a channel what Xen would never write, and sometimes what it would.</summary>
internal sealed class HostileWriter(Random random, VmEventLayout layout, int vcpus)
{
    private const int ReqProd = 0;
    private const int ReqEvent = 4;
    private const int RspProd = 8;
    private const int RspEvent = 12;
    private const int Header = 64;

    /// <summary>
    /// Whether it writes the index of responses too, which only the listener writes and only Xen reads.
    /// </summary>
    public bool WritesResponseIndex { get; init; }

    /// <summary>
    /// Whether it claims requests where Xen could have put some. Nobody can tell them from Xen's own. If each is
    /// answered, Xen gets more answers than it has asked for.
    /// </summary>
    public bool InventsRequests { get; init; } = true;

    /// <summary>Changes something about a ring.</summary>
    public void ChangeRing(SharedMemory memory)
    {
        switch (random.Next(10))
        {
            case 0: memory.WriteRelease(ReqProd, InventsRequests ? Index(memory.ReadAcquire(ReqProd)) : ImpossibleIndex(memory.ReadAcquire(ReqProd))); break;
            case 1: memory.WriteRelease(ReqEvent, Index(memory.ReadAcquire(ReqEvent))); break;
            case 2: memory.WriteRelease(RspEvent, Index(memory.ReadAcquire(RspEvent))); break;
            case 3 when WritesResponseIndex: memory.WriteRelease(RspProd, Index(memory.ReadAcquire(RspProd))); break;
            case 4: random.NextBytes(memory.Slice(Header, memory.Length - Header)); break;
            case 5 or 6 when InventsRequests: memory.WriteRelease(ReqProd, memory.ReadAcquire(ReqProd) + (uint)random.Next(4)); break;
            default: ChangeRequest(memory.Slice(Header + random.Next((memory.Length - Header) / layout.Size) * layout.Size, layout.Size)); break;
        }
    }

    /// <summary>Changes something about vCPUs' slots.</summary>
    public void ChangeSlots(SharedMemory memory)
    {
        int slot = random.Next(vcpus) * VCpuSlots.SizeOf(layout);
        switch (random.Next(8))
        {
            case 0: memory.WriteRelease(slot, (uint)random.Next(int.MinValue, int.MaxValue)); break;
            case 1: random.NextBytes(memory.Slice(0, memory.Length)); break;
            case 2 or 3: memory.WriteRelease(slot, (uint)random.Next((int)SlotState.Finish + 1)); break;
            default: ChangeRequest(memory.Slice(slot + 8, layout.Size)); break;
        }
    }

    private void ChangeRequest(Span<byte> request)
    {
        if (random.Next(4) == 0) random.NextBytes(request);
        var writer = new ResponseWriter(request, layout);
        writer.Set(VmEventField.Version, (uint)(random.Next(20) == 0 ? random.Next() : layout.Version));
        writer.Set(VmEventField.VCpuId, random.Next(20) == 0 ? (uint)random.Next(int.MinValue, int.MaxValue) : (uint)random.Next(vcpus));
        writer.Set(VmEventField.Reason, random.Next(20) == 0 ? (uint)random.Next(int.MinValue, int.MaxValue) : (uint)random.Next(20));
        writer.Set(VmEventField.Flags, (uint)random.Next(int.MinValue, int.MaxValue));
    }

    private uint ImpossibleIndex(uint now) =>
        random.Next(2) == 0 ? now - (uint)random.Next(1, 20) : now + 0x1000 + (uint)random.Next(0x7fff_0000);

    private uint Index(uint now) => random.Next(5) switch
    {
        0 => (uint)random.Next(int.MinValue, int.MaxValue),
        1 => now + 0x7fff_fff0 + (uint)random.Next(32),
        2 => (uint)random.Next(-4, 4),
        3 => now << random.Next(1, 31),
        _ => now + (uint)random.Next(-3, 20),
    };
}
