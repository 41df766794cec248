using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public sealed class SlottedChannelTests : IDisposable
{
    private readonly SimulatedHypervisor _host = Hosts.Idle(vcpus: 3);
    private readonly SharedMemory _ring = SharedMemory.Allocate(SharedMemory.PageSize);
    private readonly SharedMemory _slots = SharedMemory.Allocate(SharedMemory.PageSize);
    private readonly IDomainMonitor _monitor;
    private readonly VCpuSlots _xen;
    private readonly SlottedChannel _channel;
    private readonly byte[] _request = new byte[VmEventLayout.LargestSize];

    public SlottedChannelTests()
    {
        _monitor = _host.Enable(ChannelPreference.Slotted);
        _xen = new VCpuSlots(_slots, _host.Layout, 3);
        _channel = new SlottedChannel(_ring, _slots, _monitor.Ports, _host.Layout, 3);
    }

    [Fact]
    public void No_vcpu_waits_for_another_that_asks_again_and_again()
    {
        for (int vcpu = 0; vcpu < 3; vcpu++) Submit(vcpu, (uint)vcpu, VmEventFlags.VCpuPaused);
        for (uint turn = 0; turn < 9; turn++)
        {
            Assert.True(_channel.TryRead(_request));
            uint vcpu = new RequestReader(_request, _host.Layout).VCpuId;
            Assert.Equal(turn % 3, vcpu);
            Assert.Equal(_host.Layout.Size, _channel.ResponseTo(vcpu, synchronous: true).Length);
            _channel.Flush();
            Assert.Equal(SlotState.Finish, _xen.StateOf((int)vcpu));
            Submit((int)vcpu, vcpu, VmEventFlags.VCpuPaused);
        }
    }

    [Fact]
    public void A_request_is_read_once_until_it_is_answered()
    {
        Submit(1, 1, VmEventFlags.VCpuPaused);
        Assert.True(_channel.FinalCheck() && _channel.HasRequest && _channel.TryRead(_request));
        Assert.False(_channel.FinalCheck() || _channel.HasRequest || _channel.TryRead(_request));
    }

    [Theory]
    [InlineData(1u, VmEventFlags.VCpuPaused)]
    [InlineData(3u, VmEventFlags.VCpuPaused)]
    [InlineData(0u, VmEventFlags.None)]
    public void A_slot_whose_request_is_another_vcpus_or_waits_for_nothing_is_corrupt(uint vcpu, VmEventFlags flags)
    {
        Submit(0, vcpu, flags);
        Hosts.Refused(XenErrorId.CorruptChannel, () => _channel.TryRead(_request));
    }

    [Fact]
    public void An_answer_to_a_request_that_came_by_no_slot_is_refused_and_one_that_needs_none_gets_none()
    {
        Hosts.Refused(XenErrorId.CorruptChannel, () => _ = _channel.ResponseTo(2, synchronous: true).Length);
        Assert.True(_channel.ResponseTo(2, synchronous: false).IsEmpty);
    }

    [Fact]
    public void A_request_that_waits_for_an_answer_and_came_by_the_ring_is_a_corrupt_channel()
    {
        var front = new FrontRing(_ring, _host.Layout);
        byte[] request = new byte[_host.Layout.Size];
        front.Put(request);
        Assert.True(_channel.TryRead(request));
        new ResponseWriter(request, _host.Layout).AddFlags(VmEventFlags.VCpuPaused);
        front.Put(request);
        Hosts.Refused(XenErrorId.CorruptChannel, () => _channel.TryRead(request));
    }

    public void Dispose()
    {
        _monitor.Dispose();
        _ring.Dispose();
        _slots.Dispose();
        _host.Dispose();
    }

    private void Submit(int slot, uint vcpu, VmEventFlags flags)
    {
        var request = new ResponseWriter(_xen.Message(slot), _host.Layout);
        request.Set(VmEventField.VCpuId, vcpu);
        request.Set(VmEventField.Flags, (ulong)flags);
        _xen.SetState(slot, SlotState.Submit);
    }
}
