using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>For one who has no event channel: Xen is told of responses by a call, and signals nothing.</summary>
internal sealed class ResumingPorts(XenCtrlHandle xen, XenDomain domain, XenErrors errors) : IEventPorts
{
    public uint RingPort => 0;

    public IReadOnlyList<uint> SlotPorts => [];

    public int Wait(Span<uint> signalled, TimeSpan timeout)
    {
        Thread.Sleep(timeout);
        return 0;
    }

    public void Unmask(ReadOnlySpan<uint> ports)
    {
    }

    public void Notify(uint port)
    {
        if (XenCtrl.xc_monitor_resume(xen, domain.Id) >= 0) return;
        int errno = Marshal.GetLastPInvokeError();
        throw errors.Of(nameof(XenCtrl.xc_monitor_resume), errno, $"resume vCPUs of {domain}", domain);
    }

    public bool TakeDomainNews() => false;

    public void Wake()
    {
    }
}
