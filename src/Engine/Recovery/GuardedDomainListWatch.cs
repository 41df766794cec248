using XenVmEvent.Hypervisor;

namespace XenVmEvent.Recovery;

/// <summary>News of domains, whose guard lets go of those that are kept back if this process is killed.</summary>
internal sealed class GuardedDomainListWatch(IDomainListWatch watch, GuardProcess guard) : IDomainListWatch
{
    public bool Wait(TimeSpan timeout) => watch.Wait(timeout);

    public bool IsComplete(XenDomain domain) => watch.IsComplete(domain);

    public IReadOnlyList<XenDomain> FindNew() => watch.FindNew();

    public IDisposable? HoldBack(XenDomain domain) => watch.HoldBack(domain);

    public void Wake() => watch.Wake();

    public void Dispose()
    {
        watch.Dispose();
        guard.Leave();
        guard.Dispose();
    }
}
