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
        VmEventResponse one = VmEventResponse.Continue with { Registers = registers, View = 1 };
        VmEventResponse read = VmEventResponse.Emulate with { EmulatedReadData = data };
        registers[SettableRegister.Rax] = 6;
        data[0] = 9;
        Assert.Equal(5ul, one.Registers[SettableRegister.Rax]);
        Assert.Equal([1, 2, 3], read.EmulatedReadData.ToArray());
        Assert.Equal(one, VmEventResponse.Continue.WithRegister(SettableRegister.Rax, 5).WithRegister(SettableRegister.Rip, 7) with { View = 1 });
        Assert.NotEqual(one, VmEventResponse.Continue with { Registers = registers, View = 1 });
        Assert.NotEqual(one, one with { View = 0 });
        Assert.Equal(new VmEventResponse(), VmEventResponse.Continue);
        Assert.Equal(read.GetHashCode(), (VmEventResponse.Emulate with { EmulatedReadData = new byte[] { 1, 2, 3 } }).GetHashCode());
    }

    [Fact]
    public void A_response_says_in_words_what_it_does()
    {
        Assert.Equal("EmulateNoWrite", VmEventResponse.EmulateNoWrite.ToString());
        Assert.Equal("Continue, Rax=0x5, View 0, ToggleSingleStep, GetNextInterrupt, ResetVmTrace, ResetForkState, ResetForkMemory", (VmEventResponse.Continue with
        {
            Registers = new Dictionary<SettableRegister, ulong> { [SettableRegister.Rax] = 5 },
            View = 0,
            ToggleSingleStep = true,
            GetNextInterrupt = true,
            ResetVmTrace = true,
            ResetForkState = true,
            ResetForkMemory = true,
        }).ToString());
        Assert.Equal("Emulate, FastSingleStepView 2, InstructionData 0f0b", (VmEventResponse.Emulate with
        {
            FastSingleStepView = 2,
            InstructionData = new byte[] { 0x0f, 0x0b },
        }).ToString());
    }
}
