using XenVmEvent.Hypervisor.Xen;
using Xunit;

namespace XenVmEvent.Tests.Xen;

public sealed class XenCommandLineTests
{
    [Theory]
    [InlineData("", false)]
    [InlineData("dom0_mem=512M", false)]
    [InlineData("placeholder altp2m=1 hap=1", true)]
    [InlineData("altp2m", true)]
    [InlineData("altp2m=on", true)]
    [InlineData("altp2m=true", true)]
    [InlineData("altp2m=0", false)]
    [InlineData("altp2m=off", false)]
    [InlineData("altp2m=1 no-altp2m", false)]
    [InlineData("no-altp2m altp2m=yes", true)]
    [InlineData("noaltp2m altp2mx=1 xaltp2m=1", false)]
    public void A_boolean_option_is_read_as_Xen_reads_it(string commandLine, bool on) =>
        Assert.Equal(on, XenCommandLine.SwitchesOn(commandLine, "altp2m"));
}
