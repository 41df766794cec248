using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>A cmdlet that changes something in a domain that lasts as long as the domain's session.</summary>
public abstract class SessionCmdlet : DomainCmdlet
{
    /// <summary>The domain's session; if there is none, a new one that stays until Disable-XenMonitor.</summary>
    private protected MonitorSession UseSession(XenDomain domain)
    {
        if (XenHost.FindSession(domain) is { } session) return session;
        session = XenHost.StartSession(domain, new MonitorOptions());
        WriteWarning($"{domain} is now monitored until Disable-XenMonitor, which gives everything back.");
        return session;
    }
}
