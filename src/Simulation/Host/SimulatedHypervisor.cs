using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// A Xen host in this process: domains whose vCPUs are threads, with Xen's own rules for vm_event. A call that would
/// panic or deadlock a real host crashes this one: every call then fails with <see cref="XenErrorId.HostCrashed"/>.
/// </summary>
public sealed class SimulatedHypervisor : IHypervisor
{
    private const int RingFrames = 1;

    private static readonly XenDomain Domain0 = new(0, "Domain-0", Guid.Empty, DomainType.PV, 2);

    private readonly SimulationOptions _options;
    private readonly HostState _state = new();
    private readonly Lock _making = new();
    private volatile SimulatedDomain[] _domains;
    private uint _nextPort = 16;

    /// <summary>A host with two guests, web01 and db01.</summary>
    public SimulatedHypervisor()
        : this(new SimulationOptions())
    {
    }

    /// <summary>A host as described.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or two domains have the same id.</exception>
    /// <exception cref="XenException">The interface version is not supported.</exception>
    public SimulatedHypervisor(SimulationOptions options)
    {
        _options = options;
        Layout = VmEventLayout.ForVersion(options.InterfaceVersion);
        _domains = [.. options.Domains.OrderBy(d => d.Id).Select(d => new SimulatedDomain(options, d, _state, AllocatePorts))];
        foreach (SimulatedDomain domain in _domains) domain.StateChanged += ReportChange;
        if (Domains.DistinctBy(d => d.Identity.Id).Count() != Domains.Count)
            throw new ArgumentException("Two domains have the same id.", nameof(options));
        _state.WentDown += HaltAll;
    }

    /// <inheritdoc/>
    public string Description => "simulated Xen";

    /// <inheritdoc/>
    public VmEventLayout Layout { get; }

    /// <inheritdoc/>
    public GuestArchitecture Architecture => _options.Architecture;

    /// <inheritdoc/>
    public IHostProbe Probe => new SimulatedHostProbe(_options, _state);

    /// <summary>The guests by id, including those that have ended, without dom0.</summary>
    public IReadOnlyList<SimulatedDomain> Domains => _domains;

    /// <summary>Why the host crashed; null while it runs.</summary>
    public string? Crash => _state.Crash;

    /// <summary>Raised, perhaps under the domain's gate, when one was introduced, shut down or destroyed.</summary>
    internal event Action? DomainsChanged;

    /// <summary>A guest by name; if it has rebooted, its latest domain.</summary>
    /// <exception cref="KeyNotFoundException">There is no guest with this name.</exception>
    public SimulatedDomain this[string name] =>
        Domains.LastOrDefault(d => d.Name == name) ?? throw new KeyNotFoundException($"There is no simulated domain {name}.");

    /// <summary>
    /// Makes a guest as the toolstack does. If the options say that it starts paused, its vCPUs wait for
    /// <see cref="SimulatedDomain.Start"/>.
    /// </summary>
    /// <param name="options">The guest. It gets the next free id, whatever they say.</param>
    /// <param name="uuid">Its uuid; null: one of its own.</param>
    /// <param name="isIntroduced">
    /// Whether it is complete, and reported. Otherwise it is listed, as a domain is that is just being made, until
    /// <see cref="SimulatedDomain.Introduce"/>.
    /// </param>
    public SimulatedDomain Create(SimulatedDomainOptions options, Guid? uuid = null, bool isIntroduced = true)
    {
        ArgumentNullException.ThrowIfNull(options);
        SimulatedDomain domain;
        lock (_making)
        {
            uint id = _domains.Length == 0 ? 1 : _domains.Max(d => d.Identity.Id) + 1;
            domain = new SimulatedDomain(_options, options with { Id = id }, _state, AllocatePorts, uuid) { IsIntroduced = false };
            domain.StateChanged += ReportChange;
            _domains = [.. _domains, domain];
        }

        if (isIntroduced) domain.Introduce();
        return domain;
    }

    /// <summary>
    /// Reboots a guest as the toolstack does: it shuts down, is destroyed, and is made again with the same name and
    /// uuid and the next free id.
    /// </summary>
    /// <returns>The new domain.</returns>
    /// <exception cref="KeyNotFoundException">There is no guest with this name.</exception>
    public SimulatedDomain Reboot(string name)
    {
        SimulatedDomain before = this[name];
        before.ShutDown(DomainState.Rebooted);
        before.Destroy();
        return Create(before.Options, before.Identity.Uuid);
    }

    /// <inheritdoc/>
    public IReadOnlyList<XenDomain> GetDomains()
    {
        _state.ThrowIfDown();
        return [Domain0, .. Domains.Where(d => d.IsAlive).Select(d => d.Identity)];
    }

    /// <inheritdoc/>
    public DomainState? StateOf(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (domain == Domain0) return DomainState.Running;
        SimulatedDomain? guest = Domains.FirstOrDefault(d => d.Identity == domain);
        return guest is { IsPaused: true } ? DomainState.Paused : guest?.State;
    }

    /// <inheritdoc/>
    public IDomainListWatch WatchDomains() => new SimulatedDomainListWatch(this, _state);

    /// <inheritdoc/>
    public IDomainMonitor EnableMonitor(XenDomain domain, ChannelPreference channel)
    {
        string call = channel == ChannelPreference.Slotted ? "xc_monitor_enable_ex" : "xc_monitor_enable";
        SimulatedDomain guest = FindMonitorable(domain, call);
        lock (guest.Gate)
        {
            // Looked up, never found out by enabling: that would disturb an existing listener, or panic the host.
            if (guest.IsMonitored) throw Refusal.Busy(domain, call);
            int vcpus = guest.VCpus.Count;
            bool isSafe = SlottedChannelRules.IsSafe(vcpus);
            EnsureOffers(channel, vcpus, call);
            bool useSlots = channel == ChannelPreference.Slotted || (channel == ChannelPreference.Auto && isSafe && _options.OffersSlottedChannel);
            SimulatedMonitor monitor = useSlots ? guest.Channel.EnableEx(RingFrames, vcpus) : guest.Channel.Enable();
            new BackRing(monitor.Ring, Layout, answered: !useSlots).Initialise();
            return monitor;
        }
    }

    /// <inheritdoc/>
    public void EnsureCanMonitor(XenDomain domain, ChannelPreference channel)
    {
        const string call = "xc_monitor_get_capabilities";
        EnsureOffers(channel, FindMonitorable(domain, call).VCpus.Count, call);
    }

    /// <inheritdoc/>
    public IDomainControl Control(XenDomain domain) => new SimulatedControl(FindMonitorable(domain, "xc_vcpu_getinfo"));

    /// <inheritdoc/>
    public IRingHandover PrepareHandover(XenDomain domain) => new SimulatedRingHandover(FindMonitorable(domain, "xc_hvm_param_get"));

    /// <inheritdoc/>
    public IDomainMemory OpenMemory(XenDomain domain) => new SimulatedDomainMemory(FindMonitorable(domain, "xc_map_foreign_range"));

    /// <summary>Ends all vCPUs and waits until they have.</summary>
    public void Dispose()
    {
        HaltAll();
        foreach (SimulatedDomain domain in Domains) domain.Join();
    }

    private void EnsureOffers(ChannelPreference channel, int vcpus, string call)
    {
        if (channel != ChannelPreference.Slotted) return;
        if (!_options.OffersSlottedChannel) throw Refusal.NotSupported(call, "the slotted channel");
        if (!SlottedChannelRules.IsSafe(vcpus))
        {
            throw Refusal.NotSupported(call,
                $"the slotted channel for {vcpus} vCPUs, where Xen and its library place the slots differently and the host would panic");
        }
    }

    private SimulatedDomain FindMonitorable(XenDomain domain, string call)
    {
        _state.ThrowIfDown();
        if (domain.Id == 0) throw Refusal.NotMonitorable(domain, call, "dom0 cannot listen to itself");
        SimulatedDomain guest = Domains.FirstOrDefault(d => d.IsAlive && d.Identity.Id == domain.Id && d.Identity.Uuid == domain.Uuid)
            ?? throw Refusal.NoSuchDomain(domain, call);
        if (guest.Identity.Type == DomainType.PV) throw Refusal.NotMonitorable(domain, call, "it is paravirtualised");
        return guest;
    }

    private void HaltAll()
    {
        foreach (SimulatedDomain domain in Domains) domain.Halt();
    }

    private void ReportChange() => DomainsChanged?.Invoke();

    private uint AllocatePorts(int count) => Interlocked.Add(ref _nextPort, (uint)count) - (uint)count;
}
