using XenVmEvent.Hypervisor.Xen;
using Xunit;

namespace XenVmEvent.Tests.Xen;

public sealed class ListenerSuspectsTests
{
    [Fact]
    public void Who_has_event_channels_open_is_named_but_Xens_daemons_are_not()
    {
        using TemporaryRoot proc = new();
        Process(100, "xen-access", "/dev/xen/privcmd", "/dev/xen/evtchn");
        Process(20, "xenvmevent", "/dev/null", "/dev/xen/evtchn");
        Process(30, "xenstored", "/dev/xen/evtchn");
        Process(40, "qemu-system-i38", "/dev/xen/evtchn");
        Process(50, "xl", "/dev/xen/privcmd", "/dev/xen/evtchn");
        Process(60, "cat", "/dev/null");
        Process(Environment.ProcessId, "tests", "/dev/xen/evtchn");
        proc.Write("sys/fd/0", "");
        proc.Write("70/comm", "ended\n");

        Assert.Equal(["xenvmevent (pid 20)", "xen-access (pid 100)"], ListenerSuspects.Find(proc.Path).Select(s => s.ToString()));

        void Process(int pid, string name, params string[] open)
        {
            proc.Write($"{pid}/comm", name + "\n");
            for (int fd = 0; fd < open.Length; fd++) proc.Link($"{pid}/fd/{fd}", open[fd]);
        }
    }

    [Fact]
    public void Without_proc_nobody_is_named() => Assert.Empty(ListenerSuspects.Find("/nowhere"));
}
