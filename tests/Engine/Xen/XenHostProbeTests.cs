using XenVmEvent.Diagnosis;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Tests.Diagnosis;
using Xunit;

namespace XenVmEvent.Tests.Xen;

/// <summary>Machines that look like this or that, but on which no Xen answers.</summary>
public sealed class XenHostProbeTests : IDisposable
{
    private readonly TemporaryRoot _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_guest_is_told_that_it_is_one()
    {
        if (Directory.Exists("/proc/xen")) return; // Here Xen answers, whatever the files say.

        _root.Write("sys/hypervisor/type", "xen\n");
        _root.Write("proc/xen/capabilities", "");
        Assert.Contains("guest of a Xen host", Look().AssertIs("Xen", CheckResult.Failed).Found, StringComparison.Ordinal);
    }

    [Fact]
    public void In_dom0_what_is_missing_is_told_and_not_that_there_is_no_Xen()
    {
        if (Directory.Exists("/proc/xen")) return; // Here nothing may be missing.

        _root.Write("sys/hypervisor/type", "xen\n");
        _root.Write("proc/xen/capabilities", "control_d\n");
        _root.Write("sys/hypervisor/version/major", "4\n");
        _root.Write("sys/hypervisor/version/minor", "17\n");
        IReadOnlyList<MonitorCheck> checks = Look();
        Assert.Equal("Xen 4.17, and this is its dom0.", checks.AssertIs("Xen", CheckResult.Passed).Found);

        // A machine that builds programs for Xen may have its libraries.
        MonitorCheck missing = Assert.Single(checks, c => c.Result == CheckResult.Failed);
        Assert.Contains(missing.Name, (string[])["Libraries", "Devices"]);
        Assert.Matches("libxen|/dev/xen/privcmd", missing.Found);
        Assert.NotEmpty(missing.Remedy);
    }

    private IReadOnlyList<MonitorCheck> Look() => HostDiagnosis.Run(new XenHostProbe(_root.Path));
}
