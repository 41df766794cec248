using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>The simulated xenstore's news of domains.</summary>
internal sealed class SimulatedDomainListWatch : IDomainListWatch
{
    private readonly SimulatedHypervisor _host;
    private readonly WakeSignal _wake;
    private int _hasNews;

    public SimulatedDomainListWatch(SimulatedHypervisor host, HostState state)
    {
        _host = host;
        _wake = new WakeSignal(state);
        host.DomainsChanged += Report;
    }

    public bool Wait(TimeSpan timeout)
    {
        _wake.Wait(timeout);
        return Interlocked.Exchange(ref _hasNews, 0) != 0;
    }

    public bool IsComplete(XenDomain domain) => _host.Domains.Any(d => d.Identity.Id == domain.Id && d.IsIntroduced);

    public IReadOnlyList<XenDomain> FindNew() => [.. _host.Domains.Where(d => d.IsAlive && !d.HasStarted).Select(d => d.Identity)];

    public IDisposable? HoldBack(XenDomain domain) =>
        _host.Domains.FirstOrDefault(d => d.Identity.Id == domain.Id && d.Identity.Uuid == domain.Uuid)?.HoldBack();

    public void Wake() => _wake.Set();

    public void Dispose() => _host.DomainsChanged -= Report;

    private void Report()
    {
        Volatile.Write(ref _hasNews, 1);
        _wake.Set();
    }
}
