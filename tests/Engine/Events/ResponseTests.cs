using XenVmEvent.Events;
using Xunit;

namespace XenVmEvent.Tests.Events;

public class ResponseTests
{
    [Fact]
    public void A_response_is_a_value_that_keeps_what_it_was_made_of()
    {
        byte[] data = [1, 2, 3];
        var registers = new Dictionary<SettableRegister, ulong> { [SettableRegister.Rip] = 7, [SettableRegister.Rax] = 5 };
        VmEventResponse one = new() { Registers = registers, View = 1 };
        VmEventResponse read = new(VmEventAction.Emulate) { EmulatedReadData = data };
        registers[SettableRegister.Rax] = 6;
        data[0] = 9;
        Assert.Equal(5ul, one.Registers[SettableRegister.Rax]);
        Assert.Equal([1, 2, 3], read.EmulatedReadData.ToArray());
        Assert.Equal(one, new VmEventResponse(view: 1).WithRegister(SettableRegister.Rax, 5).WithRegister(SettableRegister.Rip, 7));
        Assert.NotEqual(one, new VmEventResponse { Registers = registers, View = 1 });
        Assert.NotEqual(one, new VmEventResponse(one) { View = 0 });
        Assert.Equal(new VmEventResponse(), VmEventResponse.Continue);
        Assert.Equal(read.GetHashCode(), (new VmEventResponse(VmEventAction.Emulate) { EmulatedReadData = new byte[] { 1, 2, 3 } }).GetHashCode());
    }

    [Fact]
    public void A_response_says_in_words_what_it_does()
    {
        Assert.Equal("EmulateNoWrite", VmEventResponse.EmulateNoWrite.ToString());
        Assert.Equal("Continue, Rax=0x5, View 0, ToggleSingleStep, GetNextInterrupt, ResetVmTrace, ResetForkState, ResetForkMemory", (new VmEventResponse
        {
            Registers = new Dictionary<SettableRegister, ulong> { [SettableRegister.Rax] = 5 },
            View = 0,
            ToggleSingleStep = true,
            GetNextInterrupt = true,
            ResetVmTrace = true,
            ResetForkState = true,
            ResetForkMemory = true,
        }).ToString());
        Assert.Equal("Emulate, FastSingleStepView 2, InstructionData 0f0b", (new VmEventResponse(VmEventAction.Emulate)
        {
            FastSingleStepView = 2,
            InstructionData = new byte[] { 0x0f, 0x0b },
        }).ToString());
    }
}
