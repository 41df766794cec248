using System.Diagnostics;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Xen;

public sealed class StoppedListenersTests
{
    [Fact]
    public void A_process_stands_still_until_it_is_let_go()
    {
        using Process sleeper = Process.Start("sleep", "60");
        try
        {
            using (new StoppedListeners("/proc", [new ListenerSuspect(sleeper.Id, "sleep")])) Assert.Equal('T', StateOf(sleeper.Id));
            Hosts.Until(() => StateOf(sleeper.Id) != 'T');
        }
        finally
        {
            sleeper.Kill();
        }
    }

    [Fact]
    public void Who_is_gone_already_is_no_hindrance() =>
        new StoppedListeners("/proc", [new ListenerSuspect(int.MaxValue, "gone")]).Dispose();

    private static char StateOf(int pid) => File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1][0];
}
