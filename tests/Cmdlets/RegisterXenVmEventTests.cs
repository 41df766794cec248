using XenVmEvent.Abi;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class RegisterXenVmEventTests : CmdletTest
{
    [Fact]
    public void The_end_of_a_domain_is_told_by_the_next_cmdlet()
    {
        PipelineOutcome registered = Pipeline.Of<RegisterXenVmEventCommand>("web01", VmEventKind.Cpuid).Run();
        Assert.Null(registered.TerminatingError);
        Assert.Empty(registered.Errors);
        Host["web01"].Destroy();
        Until(() => !XenHost.Warnings.IsEmpty);
        Assert.Contains("A registered watch has ended", Assert.Single(Pipeline.Of<GetXenDomainCommand>().Run().Warnings), StringComparison.Ordinal);
    }
}
