using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using Xunit;

namespace XenVmEvent.Tests.Xen;

public sealed class XenErrorsTests
{
    private static readonly XenDomain Web01 = new(1, "web01", Guid.NewGuid(), DomainType.Pvh, 2);
    private static readonly XenErrors Errors = new(new XenVersion(4, 17), "libxenctrl.so.4.17");
    private static readonly XenErrors OtherLibrary = new(new XenVersion(4, 17), "/usr/lib/libxenctrl.so.4.14");

    [Theory]
    [InlineData(1, XenErrorId.NotPermitted)]
    [InlineData(3, XenErrorId.DomainNotFound)]
    [InlineData(7, XenErrorId.NotSupported)]
    [InlineData(12, XenErrorId.OutOfMemory)]
    [InlineData(13, XenErrorId.NotPermitted)]
    [InlineData(16, XenErrorId.MonitorBusy)]
    [InlineData(19, XenErrorId.NotSupported)]
    [InlineData(22, XenErrorId.DomainNotSupported)]
    [InlineData(38, XenErrorId.NotSupported)]
    [InlineData(95, XenErrorId.NotSupported)]
    [InlineData(14, XenErrorId.CallFailed)]
    [InlineData(4711, XenErrorId.CallFailed)]
    public void Enabling(int errno, XenErrorId expected) =>
        AssertError(expected, errno, Errors.OfEnabling("xc_monitor_enable", errno, Web01));

    [Fact]
    public void A_page_that_cannot_be_populated_is_no_other_listener() =>
        AssertError(XenErrorId.OutOfMemory, 16, Errors.Of("xc_domain_populate_physmap_exact", 16, "map the ring of web01", Web01));

    [Theory]
    [InlineData(3, XenErrorId.DomainNotFound)]
    [InlineData(6, XenErrorId.SessionEnded)]
    [InlineData(17, XenErrorId.ConflictingWatch)]
    [InlineData(22, XenErrorId.NotSupported)]
    [InlineData(38, XenErrorId.NotSupported)]
    [InlineData(95, XenErrorId.NotSupported)]
    public void Switching_events(int errno, XenErrorId expected) =>
        AssertError(expected, errno, Errors.OfSwitching("xc_monitor_cpuid", errno, "switch CPUID events on for web01", Web01));

    [Theory]
    [InlineData(3, XenErrorId.DomainNotFound)]
    [InlineData(12, XenErrorId.OutOfMemory)]
    [InlineData(19, XenErrorId.SessionEnded)]
    [InlineData(22, XenErrorId.NotSupported)]
    public void Page_access(int errno, XenErrorId expected) =>
        AssertError(expected, errno, Errors.OfMemAccess("xc_set_mem_access", errno, "set the page access", Web01));

    [Fact]
    public void Page_access_without_memory_names_the_setting_that_gives_more() =>
        Assert.Contains("shadow_memory=", Errors.OfMemAccess("xc_set_mem_access", 12, "set the page access", Web01).Remedy, StringComparison.Ordinal);

    [Theory]
    [InlineData(1, XenErrorId.NotPermitted)]
    [InlineData(2, XenErrorId.XenNotAvailable)]
    [InlineData(13, XenErrorId.NotPermitted)]
    [InlineData(19, XenErrorId.XenNotAvailable)]
    [InlineData(111, XenErrorId.XenNotAvailable)]
    [InlineData(24, XenErrorId.CallFailed)]
    public void Opening(int errno, XenErrorId expected)
    {
        AssertError(expected, errno, XenErrors.OfOpening("xenevtchn_open", errno, "/dev/xen/evtchn"));
        AssertError(expected, errno, XenErrors.OfOpening("xs_open", errno, "xenstore"));
    }

    [Fact]
    public void A_device_that_is_not_there_names_its_module() =>
        Assert.Contains("modprobe xen-evtchn", XenErrors.OfOpening("xenevtchn_open", 2, "/dev/xen/evtchn").Remedy, StringComparison.Ordinal);

    [Theory]
    [InlineData(13, XenErrorId.NotPermitted)]
    [InlineData(1, XenErrorId.NotPermitted)]
    [InlineData(95, XenErrorId.NotSupported)]
    [InlineData(14, XenErrorId.CallFailed)]
    public void Connecting(int errno, XenErrorId expected) =>
        AssertError(expected, errno, Errors.OfConnecting("xc_vm_event_get_version", errno));

    [Fact]
    public void The_wrong_library_is_named_with_the_Xen_that_runs()
    {
        foreach (XenException error in new[] { OtherLibrary.Of("xc_domain_maximum_gpfn", 13, "read the highest gfn", Web01), OtherLibrary.OfConnecting("xc_vm_event_get_version", 13) })
        {
            AssertError(XenErrorId.LibraryMismatch, 13, error);
            Assert.Contains("/usr/lib/libxenctrl.so.4.14", error.Message, StringComparison.Ordinal);
            Assert.Contains("Xen 4.17", error.Message, StringComparison.Ordinal);
            Assert.Contains("libxenmisc4.17", error.Remedy, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("libxenctrl.so.4.17")]
    [InlineData("/usr/lib/libxenctrl.so.4.17.0")]
    public void What_a_security_policy_denies_is_no_wrong_library(string library)
    {
        XenErrors errors = new(new XenVersion(4, 17), library);
        foreach (XenException error in new[] { errors.OfConnecting("xc_vm_event_get_version", 13), errors.Of("xc_monitor_enable", 13, "enable the monitor", Web01) })
        {
            AssertError(XenErrorId.NotPermitted, 13, error);
            Assert.Contains("FLASK", error.Message + error.Remedy, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("xc_vm_event_get_version", 95)]
    [InlineData("xc_vm_event_get_version", 38)]
    public void A_Xen_without_VM_events_is_named_as_the_cause(string call, int errno)
    {
        XenException error = new XenErrors(new XenVersion(4, 22), "libxenctrl.so.4.22").OfConnecting(call, errno);
        AssertError(XenErrorId.NotSupported, errno, error);
        Assert.StartsWith("This Xen 4.22 was built without VM events", error.Message, StringComparison.Ordinal);
        Assert.Contains("CONFIG_VM_EVENT=y", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_busy_monitor_names_the_way_to_free_it()
    {
        XenException error = XenErrors.OfBusy(Web01);
        Assert.Equal(RemedyTask.ResetMonitor, error.RemedyTask);
    }

    [Fact]
    public void A_missing_function_is_something_this_Xen_cannot()
    {
        XenException error = Errors.OfMissing("xc_monitor_io", "raise events for I/O instructions", "They need Xen 4.18 or later");
        Assert.Equal(XenErrorId.NotSupported, error.Id);
        Assert.StartsWith("This Xen cannot raise events for I/O instructions", error.Message, StringComparison.Ordinal);
        Assert.Contains("Xen 4.18", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_errno_gives_a_whole_error_whatever_failed()
    {
        for (int errno = 0; errno < 140; errno++)
        {
            foreach (XenException error in new[]
            {
                Errors.Of("xc_call", errno, "do it", Web01),
                OtherLibrary.Of("xc_call", errno, "do it", Web01),
                Errors.OfEnabling("xc_call", errno, Web01),
                Errors.OfSwitching("xc_call", errno, "do it", Web01),
                Errors.OfMemAccess("xc_call", errno, "do it", Web01),
                Errors.OfConnecting("xc_call", errno),
                Errors.OfListing("xc_domain_getinfolist", errno),
                XenErrors.OfOpening("xc_call", errno, "/dev/xen/privcmd"),
                XenErrors.OfXenStore("xs_read", errno, "/local/domain"),
            })
            {
                AssertError(error.Id, errno, error);
            }
        }
    }

    private static void AssertError(XenErrorId id, int errno, XenException error)
    {
        Assert.Equal(id, error.Id);
        Assert.Equal((Errno)errno, error.Errno);
        Assert.StartsWith("x", error.Call, StringComparison.Ordinal);
        Assert.Matches(@"[.] \(x\w+: [\w ]+\)$", error.Message);
        Assert.EndsWith(".", error.Remedy, StringComparison.Ordinal);
    }
}
