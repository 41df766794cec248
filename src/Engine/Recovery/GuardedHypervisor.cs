using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;

namespace XenVmEvent.Recovery;

/// <summary>
/// A host whose every monitor has a guard: a small second process that gives the guest back everything, within a second,
/// when this one is killed.
/// </summary>
/// <param name="hypervisor">The host; disposed with this.</param>
/// <param name="program">The file of xenvmevent, which is the guard's program.</param>
/// <param name="warn">Is told when a guard was killed, or would end with this process; from any thread.</param>
public sealed class GuardedHypervisor(IHypervisor hypervisor, string program, Action<string> warn) : IHypervisor
{
    /// <summary>Where to write down for guards what changes.</summary>
    internal string StateFolder { get; init; } = HoldNote.Folder;

    /// <summary>Where guards are to live; null: with this process.</summary>
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
    public IDomainMonitor EnableMonitor(XenDomain domain, ChannelPreference channel)
    {
        ArgumentNullException.ThrowIfNull(domain);
        using (IDomainControl control = hypervisor.Control(domain))
        {
            // Refused, with the reason; a guard could not have the ring either.
            if (control.IsMonitored == true) return hypervisor.EnableMonitor(domain, channel);
        }

        GuardProcess guard = new(program, StateFolder, domain, late: false, Scope, warn);
        try
        {
            guard.Tell(GuardState.Enabling);
            IDomainMonitor monitor = hypervisor.EnableMonitor(domain, channel);
            guard.Tell(GuardState.Enabled(monitor.Channel == ChannelKind.Ring));
            return new GuardedMonitor(monitor, guard);
        }
        catch
        {
            // Whatever it was has left the domain as before: a listener that is there already is not ours to end.
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
            // The guest is to be freed all the same.
            warn($"{e.Message} If this process is killed now, reset {domain} again.");
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => hypervisor.Dispose();
}
