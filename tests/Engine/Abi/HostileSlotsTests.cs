using XenVmEvent.Abi;
using XenVmEvent.Tests.Faults;
using Xunit;

namespace XenVmEvent.Tests.Abi;

/// <summary>vCPUs' slots whose other side writes anything; see <see cref="SeededRuns"/>.</summary>
[Trait("Speed", "Slow")]
public class HostileSlotsTests(ITestOutputHelper output)
{
    private readonly FaultFigures _figures = new();

    [Fact]
    public void Whatever_a_slot_holds_its_state_is_one_of_three_or_corrupt_and_no_other_is_touched()
    {
        SeededRuns.Do(2000, atOnce: 2, seed =>
        {
            var random = new Random(seed);
            using GuardedMemory pages = Make(random, out VCpuSlots slots, out HostileWriter writer);
            for (int round = 0; round < 40; round++)
            {
                for (int changes = random.Next(4); changes > 0; changes--) writer.ChangeSlots(pages.Memory);
                Call(random, slots);
            }

            pages.AssertGuardsAreUntouched();
        });
        output.WriteLine(_figures.ToString());
    }

    [Fact]
    public void Slots_that_change_while_they_are_read_are_read_within_bounds_or_called_corrupt()
    {
        SeededRuns.Do(40, atOnce: 1, seed =>
        {
            var random = new Random(seed);
            using GuardedMemory pages = Make(random, out VCpuSlots slots, out HostileWriter writer);
            using SharedMemory mapping = pages.Map();
            bool over = false;
            var changing = Task.Factory.StartNew(
                () =>
                {
                    while (!Volatile.Read(ref over)) writer.ChangeSlots(mapping);
                },
                TaskCreationOptions.LongRunning);
            try
            {
                var own = new Random(~seed);
                for (int round = 0; round < 3000; round++) Call(own, slots);
            }
            finally
            {
                Volatile.Write(ref over, true);
                Simulation.Hosts.Finish(changing);
            }

            pages.AssertGuardsAreUntouched();
        });
        output.WriteLine(_figures.ToString());
    }

    private static GuardedMemory Make(Random random, out VCpuSlots slots, out HostileWriter writer)
    {
        VmEventLayout layout = VmEventLayout.ForVersion(random.Next(VmEventLayout.OldestVersion, VmEventLayout.NewestVersion + 1));
        int count = random.Next(1, 129);

        // The memory is no larger than the slots, so that a write after the last slot shows.
        var pages = new GuardedMemory(count * VCpuSlots.SizeOf(layout));
        random.NextBytes(pages.Memory.Slice(0, pages.Memory.Length));
        slots = new VCpuSlots(pages.Memory, layout, count);
        writer = new HostileWriter(random, layout, count);
        return pages;
    }

    private void Call(Random random, VCpuSlots slots)
    {
        int vcpu = random.Next(slots.Count);
        switch (random.Next(4))
        {
            case 0:
                slots.Message(vcpu).Fill(0xff);
                _figures.Count("answered");
                break;
            case 1:
                slots.SetState(vcpu, SlotState.Finish);
                _figures.Count("handed back");
                break;
            default:
                try
                {
                    SlotState state = slots.StateOf(vcpu);
                    Assert.True(Enum.IsDefined(state));
                    _figures.Count($"state: {state}");
                }
                catch (XenException e) when (e.Id == XenErrorId.CorruptChannel)
                {
                    _figures.Count("corrupt");
                }

                break;
        }
    }
}
