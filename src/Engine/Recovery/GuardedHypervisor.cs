using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;

namespace XenVmEvent.Recovery;

/// <summary>
/// A host on which every monitor has a guard: a small second process that gives the guest everything back, within a
/// second, if this one is killed.
/// </summary>
/// <param name="hypervisor">The host; disposed together with this.</param>
/// <param name="program">The file of xenvmevent, which is the guard's program.</param>
/// <param name="warn">Told when a guard was killed, or would end with this process; from any thread.</param>
public sealed class GuardedHypervisor(IHypervisor hypervisor, string program, Action<string> warn) : IHypervisor
{
    private long _guardRestarts;

    /// <summary>How many guards were killed and have been restarted.</summary>
    public long GuardRestarts => Volatile.Read(ref _guardRestarts);

    /// <summary>The folder for the files of changes.</summary>
    internal string StateFolder { get; init; } = HoldNote.Folder;

    /// <summary>Where guards run; null: together with this process.</summary>
    internal GuardScope? Scope { get; init; } = GuardScope.Find();

    /// <inheritdoc/>
    public string Description => hypervisor.Description;

    /// <inheritdoc/>
    public VmEventLayout Layout => hypervisor.Layout;

    /// <inheritdoc/>
    public GuestArchitecture Architecture => hypervisor.Architecture;

    /// <inheritdoc/>
    public IHostProbe Probe => hypervisor.Probe;

    /// <inheritdoc/>
    public IReadOnlyList<XenDomain> GetDomains() => hypervisor.GetDomains();

    /// <inheritdoc/>
    public DomainState? StateOf(XenDomain domain) => hypervisor.StateOf(domain);

    /// <inheritdoc/>
    /// <remarks>Its guard lets domains run that are kept back if this process is killed.</remarks>
    public IDomainListWatch WatchDomains()
    {
        GuardProcess guard = new(program, StateFolder, domain: null, late: true, Scope, warn) { Restarted = () => Interlocked.Increment(ref _guardRestarts) };
        try
        {
            return new GuardedDomainListWatch(hypervisor.WatchDomains(), guard);
        }
        catch
        {
            guard.Leave();
            guard.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IDomainMonitor EnableMonitor(XenDomain domain, ChannelPreference channel)
    {
        ArgumentNullException.ThrowIfNull(domain);
        using (IDomainControl control = hypervisor.Control(domain))
        {
            // Refused, with the reason; a guard could not map the ring either.
            if (control.IsMonitored == true) return hypervisor.EnableMonitor(domain, channel);
        }

        GuardProcess guard = new(program, StateFolder, domain, late: false, Scope, warn) { Restarted = () => Interlocked.Increment(ref _guardRestarts) };
        try
        {
            guard.Tell(GuardState.Enabling);
            IDomainMonitor monitor = hypervisor.EnableMonitor(domain, channel);
            guard.Tell(GuardState.Enabled(monitor.Channel == ChannelKind.Ring));
            return new GuardedMonitor(monitor, guard);
        }
        catch
        {
            // The failure has left the domain unchanged: an existing listener is not ours to end.
            guard.Leave();
            guard.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void EnsureCanMonitor(XenDomain domain, ChannelPreference channel) => hypervisor.EnsureCanMonitor(domain, channel);

    /// <inheritdoc/>
    public IDomainControl Control(XenDomain domain) => hypervisor.Control(domain);

    /// <inheritdoc/>
    public IRingHandover PrepareHandover(XenDomain domain) => hypervisor.PrepareHandover(domain);

    /// <inheritdoc/>
    public IDomainMemory OpenMemory(XenDomain domain) => hypervisor.OpenMemory(domain);

    /// <inheritdoc/>
    public IHypervisor Unguarded => hypervisor;

    /// <inheritdoc/>
    public IDisposable? GuardReset(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        try
        {
            return new ResetGuard(new GuardProcess(program, StateFolder, domain, late: true, Scope, warn));
        }
        catch (XenException e)
        {
            // The guest must be freed in any case.
            warn($"{e.Message} If this process is killed now, reset {domain} again.");
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => hypervisor.Dispose();
}
