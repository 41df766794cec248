using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class EventLookupTests : CmdletTest
{
    private readonly string _map = Path.Combine(Path.GetTempPath(), $"System.map-{Guid.NewGuid():N}");

    [Fact]
    public void Events_have_their_instruction_and_symbol()
    {
        File.WriteAllText(_map, "ffffffff81016100 T native_cpuid\nffffffff81017000 T native_write_cr0\nffffffff82000000 T _end");
        VmEvent[] events = Pipeline.Of<WatchXenVmEventCommand>("web01", new[] { VmEventKind.Cpuid, VmEventKind.WriteControlRegister })
            .With("Disassemble", true).With("SymbolMap", _map).With("First", 40L).Run().OutputOf<VmEvent>();
        Assert.All(events.OfType<CpuidEvent>(), e => Assert.Equal(("cpuid", "native_cpuid+0x20"), (e.Instruction, e.Symbol)));
        Assert.All(
            events.OfType<WriteControlRegisterEvent>().Where(e => e.Register == ControlRegister.CR0),
            e => Assert.Equal(("mov cr0, rax", "native_write_cr0+0x120"), (e.Instruction, e.Symbol)));
        AssertFree("web01");
        File.Delete(_map);
    }

    [Fact]
    public void A_file_that_is_no_map_is_refused_before_anything_is_watched()
    {
        File.WriteAllText(_map, "hello");
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", VmEventKind.Cpuid).With("SymbolMap", _map).Run();
        ErrorRecord error = Assert.IsType<ErrorRecord>(outcome.TerminatingError);
        Assert.Equal((ErrorCategory.ReadError, "SymbolMapNotRead"), (error.CategoryInfo.Category, error.FullyQualifiedErrorId.Split(',')[0]));
        AssertFree("web01");
        File.Delete(_map);
    }
}
