using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A domain on the real Xen, for callers that are not its listener, on its own connection.</summary>
internal sealed class XenDomainControl(XenCtrlHandle xen, XenDomain domain, XenErrors errors) : IDomainControl
{
    private const string Processes = "/proc";

    public bool? IsMonitored => ListenerState.Read(xen, domain.Id);

    public IReadOnlyList<string> ListenerSuspects => [.. Xen.ListenerSuspects.Find(Processes).Select(s => s.ToString())];

    public MonitorCapabilities Capabilities => MonitorAbilities.Read(xen, domain, errors);

    public int VCpus => domain.VCpus;

    public bool? CanRestrictPages => MonitorAbilities.CanRestrictPages(xen, domain.Id);

    public IAltP2m AltP2m => field ??= new XenAltP2m(xen, domain, errors);

    public bool HasViews => AltP2m.IsActive;

    public VCpuState GetVCpuState(uint vcpu)
    {
        if (XenCtrl.xc_vcpu_getinfo(xen, domain.Id, vcpu, out VCpuInfo info) < 0)
            throw Failure(nameof(XenCtrl.xc_vcpu_getinfo), "read the state of a vCPU");
        return info.State;
    }

    public void SetAccessRequired(bool required) => DomainSettings.SetAccessRequired(xen, domain, errors, required);

    public void SetSingleStep(uint vcpu, bool enable) => DomainSettings.SetSingleStep(xen, domain, errors, vcpu, enable);

    public void WhilePaused(Action action) => XenPause.While(xen, domain, errors, action);

    public int UndoAbandoned()
    {
        StoppedListeners.UndoAbandoned();
        return XenPause.UndoAbandoned(xen, domain);
    }

    public IReadOnlyList<IBreakpointNote> FindBreakpoints() => BreakpointNote.Find(domain);

    public bool DisableMonitor()
    {
        using StoppedListeners silence = new(Processes, Xen.ListenerSuspects.Find(Processes));
        if (XenCtrl.xc_monitor_disable(xen, domain.Id) >= 0) return true;
        int errno = Marshal.GetLastPInvokeError();
        return (Errno)errno switch
        {
            Errno.EINVAL => false, // It is not enabled.
            Errno.EBUSY => throw new XenException(
                XenErrorId.MonitorBusy,
                nameof(XenCtrl.xc_monitor_disable),
                Errno.EBUSY,
                $"The monitor of {domain} cannot be disabled: vCPUs wait for room in its ring, and Xen releases them only when a listener makes room.",
                "If the listener is alive, end it with a signal that it handles. If it is gone, the guest can only be destroyed: xl destroy."),
            _ => throw errors.Of(nameof(XenCtrl.xc_monitor_disable), errno, $"disable the monitor of {domain}", domain),
        };
    }

    public void Dispose() => xen.Dispose();

    private XenException Failure(string call, string what)
    {
        int errno = Marshal.GetLastPInvokeError();
        return errors.Of(call, errno, $"{what} of {domain}", domain);
    }
}
