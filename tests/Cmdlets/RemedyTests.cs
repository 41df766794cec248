using XenVmEvent.Diagnosis;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class RemedyTests
{
    [Fact]
    public void Each_task_that_a_remedy_comes_down_to_has_a_cmdlet_or_a_parameter()
    {
        foreach (RemedyTask task in Enum.GetValues<RemedyTask>())
        {
            string remedy = Remedies.Of(new XenException(XenErrorId.CallFailed, "It failed.", "Do this.", task: task));
            if (task == RemedyTask.None) Assert.Equal("Do this.", remedy);
            else Assert.Matches(@"^Do this: (\w+-Xen\w+|-[A-Z]\w+).*\.$", remedy);
            Assert.Equal(remedy, Remedies.Of(new MonitorCheck(null, "Xen", CheckResult.Failed, "It failed.", "Do this.", task)).Remedy);
        }
    }
}
