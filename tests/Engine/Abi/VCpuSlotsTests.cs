using XenVmEvent.Abi;
using Xunit;

namespace XenVmEvent.Tests.Abi;

public class VCpuSlotsTests
{
    private static readonly VmEventLayout Layout = VmEventLayout.ForVersion(4);

    [Fact]
    public void A_slot_is_laid_out_as_measured()
    {
        int payload = MeasuredLayouts.Slot.GetProperty("payload_offset").GetInt32();
        int state = MeasuredLayouts.Slot.GetProperty("state_offset").GetInt32();
        int size = VCpuSlots.SizeOf(Layout);
        Assert.Equal(payload + Layout.Size, size);
        using var memory = SharedMemory.Allocate(4 * size);
        var slots = new VCpuSlots(memory, Layout, 4);
        memory.WriteRelease(3 * size + state, (uint)SlotState.Submit);
        memory.Slice(3 * size + payload, Layout.Size).Fill(7);
        Assert.Equal(SlotState.Submit, slots.StateOf(3));
        Assert.Equal(SlotState.Idle, slots.StateOf(2));
        Assert.All(slots.Message(3).ToArray(), b => Assert.Equal(7, b));
        slots.SetState(3, SlotState.Finish);
        Assert.Equal((uint)SlotState.Finish, memory.ReadAcquire(3 * size + state));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(11)]
    [InlineData(42)]
    [InlineData(128)]
    public void Slots_lie_back_to_back_across_pages_and_do_not_touch(int count)
    {
        int pages = (count * VCpuSlots.SizeOf(Layout) + SharedMemory.PageSize - 1) / SharedMemory.PageSize;
        using var memory = SharedMemory.Allocate(pages * SharedMemory.PageSize);
        var slots = new VCpuSlots(memory, Layout, count);
        for (int i = 0; i < count; i++)
        {
            slots.Message(i).Fill((byte)(i + 1));
            slots.SetState(i, (SlotState)(i % 3));
        }

        for (int i = 0; i < count; i++)
        {
            Assert.Equal((SlotState)(i % 3), slots.StateOf(i));
            Assert.Equal(-1, slots.Message(i).IndexOfAnyExcept((byte)(i + 1)));
        }
    }

    [Theory]
    [InlineData(3u)]
    [InlineData(0xdead_beefu)]
    [InlineData(uint.MaxValue)]
    public void A_state_that_Xen_never_writes_is_a_corrupt_channel(uint state)
    {
        using var memory = SharedMemory.Allocate(SharedMemory.PageSize);
        var slots = new VCpuSlots(memory, Layout, 2);
        memory.WriteRelease(VCpuSlots.SizeOf(Layout), state);
        XenException error = Assert.Throws<XenException>(() => slots.StateOf(1));
        Assert.Equal(XenErrorId.CorruptChannel, error.Id);
        Assert.Contains($"{state}", error.Message, StringComparison.Ordinal);
        Assert.Equal(SlotState.Idle, slots.StateOf(0));
    }

    [Fact]
    public void A_vcpu_without_a_slot_and_a_memory_too_small_are_refused()
    {
        using var memory = SharedMemory.Allocate(SharedMemory.PageSize);
        Assert.Throws<ArgumentOutOfRangeException>(() => new VCpuSlots(memory, Layout, 11));
        var slots = new VCpuSlots(memory, Layout, 10);
        Assert.Throws<ArgumentOutOfRangeException>(() => slots.StateOf(10));
        Assert.Throws<ArgumentOutOfRangeException>(() => slots.StateOf(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => slots.Message(10).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => slots.SetState(10, SlotState.Idle));
    }
}
