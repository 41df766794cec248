using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>A cmdlet that changes something in a domain that lasts as long as the domain's session.</summary>
public abstract class SessionCmdlet : DomainCmdlet
{
    /// <summary>
    /// Does something in the domain's session. If there is none, a new one stays until Disable-XenMonitor; if the action
    /// fails, the new session ends again.
    /// </summary>
    private protected void UseSession(XenDomain domain, Action<MonitorSession> action)
    {
        if (XenHost.FindSession(domain) is { } running)
        {
            action(running);
            return;
        }

        MonitorSession session = XenHost.StartSession(domain, new MonitorOptions());
        try
        {
            action(session);
        }
        catch
        {
            session.Stop();
            throw;
        }

        WriteWarning($"{domain} is now monitored until Disable-XenMonitor, which gives everything back.");
    }
}
