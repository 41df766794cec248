using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// A simulated guest. Its vCPUs start to run with <see cref="Start"/>, when they are told to do something or, unless it
/// <see cref="SimulatedDomainOptions.StartsPaused"/>, when it is first monitored.
/// </summary>
public sealed class SimulatedDomain
{
    private readonly SimulationOptions _host;
    private readonly SimulatedDomainOptions _options;
    private readonly PageTablePool _tables;
    private readonly TaskCompletionSource _finished = new();
    private readonly SimulatedStart _start;
    private DomainState _state;
    private int _stateChanges;
    private bool _isIntroduced = true;
    private int _working;
    private int _accessesLost;
    private long _lastCall;

    internal SimulatedDomain(SimulationOptions host, SimulatedDomainOptions options, HostState state, Func<int, uint> allocatePorts, Guid? uuid = null)
    {
        options.Validate();
        _host = host;
        _options = options;
        Host = state;
        Gate = state.CreateGate();
        Layout = VmEventLayout.ForVersion(host.InterfaceVersion);
        Abilities = new HostAbilities(host, Layout);
        Identity = new XenDomain(options.Id, options.Name, uuid ?? UuidOf(options.Id), options.Type, options.VCpus);
        Pages = new PagePermissions(options.Pages);
        _tables = new PageTablePool(options.PageTables);
        OnDemand = new OnDemandPages(options.OnDemand);
        Memory = new GuestMemory(options.Pages, host.Architecture);
        Views = new AlternateViews(this);
        Channel = new DomainChannel(this, host.OffersSlottedChannel, allocatePorts);
        _start = new SimulatedStart(this);
        _working = options.VCpus;
        LastCall = Stopwatch.GetTimestamp();
        VCpus = Enumerable.Range(0, options.VCpus).Select(id => new SimulatedVCpu(this, id, SeedOf(host.Seed, options.Id, id))).ToArray();
        Trace = options.Trace is { } trace ? new TracePlayer(this, trace, options.IsTraceFast) : null;
    }

    /// <summary>The domain as <see cref="IHypervisor.GetDomains"/> lists it.</summary>
    public XenDomain Identity { get; }

    /// <summary>The name.</summary>
    public string Name => Identity.Name;

    /// <summary>The vCPUs by id.</summary>
    public IReadOnlyList<SimulatedVCpu> VCpus { get; }

    /// <summary>What the vCPUs do.</summary>
    public Workload Workload => _options.Workload;

    /// <summary>Completes when every vCPU has done its rounds and rests; never if the rounds have no end.</summary>
    public Task Finished => _finished.Task;

    /// <summary>The faults to inject.</summary>
    public SimulatedFaults Faults { get; } = new();

    /// <summary>Whether it lives, or how it ended.</summary>
    public DomainState State => _state;

    /// <summary>
    /// False once it was destroyed, or did what a guest does not survive: the simulated toolstack destroys a domain
    /// that crashes.
    /// </summary>
    public bool IsAlive => EndedBecause is null;

    /// <summary>Why it is no longer alive; null while it is.</summary>
    public string? EndedBecause { get; private set; }

    /// <summary>Whether its monitor is enabled, with or without a living listener.</summary>
    public bool IsMonitored => Delivery is not null;

    /// <summary>
    /// Notifications with which the current listener gave Xen no response, or gave it through the ring's port in
    /// slotted mode.
    /// </summary>
    public long StrayNotifications => Delivery?.StrayNotifications ?? 0;

    /// <summary>
    /// Called by a vCPU's own thread when it runs on after an answered event, with how long it was paused. Must be set
    /// before the vCPUs start.
    /// </summary>
    public Action<SimulatedVCpu, TimeSpan>? RanOn { get; set; }

    /// <summary>How many pages have no memory yet, and get it when they are accessed.</summary>
    public int PagesOnDemand => OnDemand.Count;

    /// <summary>How many accesses to device memory were emulated and so did not reach the device.</summary>
    public int AccessesLost => Volatile.Read(ref _accessesLost);

    /// <summary>The access that new pages get.</summary>
    public MemAccess DefaultMemAccess => Pages.Default;

    /// <summary>How often it was shut down or destroyed, which xenstore reports.</summary>
    internal int StateChanges => Volatile.Read(ref _stateChanges);

    /// <summary>
    /// Raised when it was introduced, shut down or destroyed; under the gate, except when introduced.
    /// </summary>
    internal event Action? StateChanged;

    /// <summary>Whether the toolstack has made it, and reported it.</summary>
    internal bool IsIntroduced { get => Volatile.Read(ref _isIntroduced); init => _isIntroduced = value; }

    internal Lock Gate { get; }

    /// <summary>What the vCPUs raise instead of a workload; null: they do their workload.</summary>
    internal TracePlayer? Trace { get; }

    /// <summary>The time of the listener's last call, in Stopwatch ticks.</summary>
    internal long LastCall
    {
        get => Volatile.Read(ref _lastCall);
        set => Volatile.Write(ref _lastCall, value);
    }

    internal SimulatedDomainOptions Options => _options;

    internal HostState Host { get; }

    internal VmEventLayout Layout { get; }

    /// <summary>The pages as in the host's own view.</summary>
    internal PagePermissions Pages { get; }

    internal OnDemandPages OnDemand { get; }

    internal AlternateViews Views { get; }

    internal GuestMemory Memory { get; }

    /// <summary>The breakpoints that listeners have noted. Under the gate.</summary>
    internal HashSet<SimulatedBreakpoint> Breakpoints { get; } = [];

    internal MonitorSettings Settings { get; } = new();

    /// <summary>The monitor's channel.</summary>
    internal DomainChannel Channel { get; }

    internal Delivery? Delivery => Channel.Delivery;

    internal HostAbilities Abilities { get; }

    /// <summary>Whether a watched register write waits for the answer.</summary>
    internal bool DefersRegisterWrites => Abilities.DefersRegisterWrites || Settings.DefersRegisterWrites;

    internal GuestArchitecture Architecture => _host.Architecture;

    internal bool HasAltP2m => Abilities.HasAltP2m && _options.AltP2m != AltP2mMode.Disabled;

    internal bool HasStarted => _start.IsDone;

    /// <summary>How often it is paused until it first runs.</summary>
    internal int Pauses => _start.Pauses;

    internal long Rounds => _options.Rounds;

    internal bool IsTraced => _options.IsTraced;

    internal TimeSpan RoundPeriod => _options.RoundsPerSecond == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(1 / _options.RoundsPerSecond);

    /// <summary>Whether it has views of its memory: its altp2m is on.</summary>
    public bool HasViews
    {
        get
        {
            lock (Gate) return Views.IsActive;
        }
    }

    /// <summary>The access of a page.</summary>
    /// <param name="gfn">The guest frame number, below the number of pages.</param>
    /// <param name="view">The view, one that the domain has; 0 is the host's own.</param>
    public MemAccess GetMemAccess(ulong gfn, int view = 0)
    {
        lock (Gate) return (view == 0 ? Pages : Views[view]!)[gfn];
    }

    /// <summary>Reads 8 bytes of the guest's memory.</summary>
    /// <param name="gfn">The guest frame number; without memory there, 0 is read.</param>
    /// <param name="offset">The offset in the page, 0 to 4088.</param>
    public ulong ReadMemory(ulong gfn, int offset) => Memory.Read(gfn * GuestMemory.PageSize + (ulong)offset);

    /// <summary>
    /// Lets the vCPUs run, as the toolstack does once it has made everything. If it has done so already, it does nothing.
    /// </summary>
    public void Start() => _start.Unpause();

    /// <summary>The toolstack has made the domain, and reports it.</summary>
    public void Introduce()
    {
        Volatile.Write(ref _isIntroduced, true);
        StateChanged?.Invoke();
    }

    /// <summary>Destroys the domain, as <c>xl destroy</c> does.</summary>
    public void Destroy() => End("it was destroyed", DomainState.Destroyed);

    /// <summary>
    /// Shuts the domain down. It still exists, with its monitor and its pages, and does not run: as with
    /// <c>on_poweroff="preserve"</c>, or between a shutdown and the toolstack's reaction. Further calls do nothing.
    /// </summary>
    /// <param name="state">How: any state except running and destroyed.</param>
    public void ShutDown(DomainState state)
    {
        if (state is DomainState.Running or DomainState.Destroyed) throw new ArgumentOutOfRangeException(nameof(state), state, "This is not a way to shut down.");
        lock (Gate)
        {
            if (_state != DomainState.Running) return;
            _state = state;
            Change();
        }
    }

    /// <summary>
    /// Disables the monitor as any process can with <c>xc_monitor_disable</c>, the only remedy when the listener died.
    /// On the ring, vCPUs whose event was not answered stay paused.
    /// </summary>
    /// <exception cref="XenException">
    /// The monitor is not enabled, or vCPUs wait to put an event into the ring.
    /// </exception>
    public void MonitorDisable() => Channel.Disable();

    /// <summary>Whether something is watched, and the listener has made no call for this long.</summary>
    internal bool IsWatchedSince(TimeSpan span)
    {
        lock (Gate)
        {
            return IsMonitored && Stopwatch.GetElapsedTime(LastCall) >= span
                && (Settings.WatchesAnything || VCpus.Any(v => v.Pages.RestrictsAnything));
        }
    }

    /// <summary>A vCPU has done all its rounds.</summary>
    internal void CountFinished()
    {
        if (Interlocked.Decrement(ref _working) == 0) _finished.SetResult();
    }

    /// <summary>Ends the domain. The listener's calls fail from now on.</summary>
    internal void End(string because, DomainState state)
    {
        lock (Gate)
        {
            if (!IsAlive) return;
            EndedBecause = because;
            if (_state == DomainState.Running) _state = state;
            Change();
            Channel.Close();
        }
    }

    /// <summary>Keeps a domain that has not run yet from running until the result is disposed.</summary>
    /// <returns>Null: it has run, or has ended.</returns>
    internal IDisposable? HoldBack() => _start.HoldBack();

    /// <summary>Whether it is paused and nothing but <see cref="Start"/>, or who holds it back, lets it run.</summary>
    internal bool IsPaused => _options.StartsPaused && !HasStarted && State == DomainState.Running;

    /// <summary>Stops the vCPUs for good, without waiting for them, and wakes the listener.</summary>
    internal void Halt()
    {
        foreach (SimulatedVCpu vcpu in VCpus) vcpu.End();
        Delivery?.Ports.Wake();
    }

    /// <summary>Waits until no vCPU runs. After <see cref="Halt"/>, from outside the domain.</summary>
    internal void Join()
    {
        Host.ThrowIfGateIsHeld();
        lock (Gate)
        {
            if (!HasStarted) return; // While it holds the gate, a start may have begun some of them.
        }

        foreach (SimulatedVCpu vcpu in VCpus) vcpu.Join();
    }

    /// <summary>
    /// Whether the domain crashes, instead of running on, when a page access violation finds no listener.
    /// </summary>
    internal void SetAccessRequired(bool required)
    {
        lock (Gate)
        {
            Pages.ListenerRequired = required;
            Views.RequireListener(required);
        }
    }

    /// <summary>Switches a vCPU's stepping, as <c>xc_domain_debug_control</c> does.</summary>
    internal void SetSingleStep(string call, uint vcpu, bool enable)
    {
        if ((Abilities.Events & MonitorCapabilities.SingleStep) == 0) throw Refusal.NotSupported(call, $"events of the kind {MonitorCapabilities.SingleStep}");
        lock (Gate) FindVCpu(call, vcpu).SetSingleStep(enable);
    }

    /// <summary>The vCPU with this id.</summary>
    internal SimulatedVCpu FindVCpu(string call, uint id) =>
        id < VCpus.Count ? VCpus[(int)id] : throw Refusal.Invalid(call, $"The domain has no vCPU {id}");

    /// <summary>
    /// Sets the access of a run of pages in the host's own view, and so in all. If page tables run out of memory, the
    /// pages before that already have it. Under the gate.
    /// </summary>
    internal void SetMemAccess(MemAccess access, ulong firstGfn, uint count)
    {
        uint possible = _tables.Split(firstGfn, count);
        if (possible < count)
        {
            if (possible > 0) SetMemAccess(access, firstGfn, possible);
            throw Refusal.NoMemory(Identity, "xc_set_mem_access");
        }

        for (ulong gfn = firstGfn; OnDemand.Count > 0 && gfn < firstGfn + count; gfn++) OnDemand.Populate(gfn);
        Pages.Set(access, firstGfn, count);
        Views.FollowHost(firstGfn, count);
    }

    /// <summary>Permissions have changed: waits until no vCPU does what was allowed before. Under the domain's gate.</summary>
    internal void AwaitAccesses()
    {
        Interlocked.MemoryBarrier();
        for (int i = 0; i < VCpus.Count; i++) VCpus[i].AwaitAccess(); // An enumerator would be an object for each event.
    }

    /// <summary>A page is accessed: if it has no memory it is populated, with the access of new pages.</summary>
    internal void Touch(ulong gfn)
    {
        if (!OnDemand.Contains(gfn)) return;
        lock (Gate)
        {
            if (OnDemand.Populate(gfn)) Pages.Set(MemAccess.Default, gfn, 1);
        }
    }

    /// <summary>Whether device memory is mapped at a page.</summary>
    internal bool IsDeviceMemory(ulong gfn) => _options.DeviceMemory is { } device && gfn >= device.First && gfn <= device.Last;

    /// <summary>An access to device memory is emulated: the device model has no such device.</summary>
    internal void LoseAccess() => Interlocked.Increment(ref _accessesLost);

    /// <summary>
    /// A page access that violates the permissions in a view and that nobody is told of. Under the gate.
    /// </summary>
    /// <returns>Whether the access is done.</returns>
    internal bool AccessWithoutListener(ulong gfn, PagePermissions view)
    {
        if (view.ListenerRequired)
        {
            End($"an access violated the permissions of gfn 0x{gfn:x}, and the required listener was missing", DomainState.Crashed);
            return false;
        }

        view.Set(MemAccess.Rwx, gfn, 1);
        return true;
    }

    /// <summary>
    /// Resets a fork's state, memory or both to the initial ones; for another domain it does nothing. Under the gate.
    /// </summary>
    internal void ResetFork(bool state, bool memory)
    {
        if (!_options.IsFork) return;
        if (memory) Memory.Reset();
        if (!state) return;
        foreach (SimulatedVCpu vcpu in VCpus) vcpu.Answer.ResetState();
    }

    /// <summary>Injects the faults that are due, after an event was delivered. Under the gate.</summary>
    internal void InjectFaults(SimulatedVCpu vcpu, Delivery delivery)
    {
        if (Faults.TakeSpuriousSignal()) delivery.Ports.SignalAll();
        if (Faults.IsTearTime()) delivery.Tear(vcpu);
        if (Faults.IsDestroyTime()) Destroy();
    }

    private void Change()
    {
        Interlocked.Increment(ref _stateChanges);
        Halt();
        StateChanged?.Invoke();
    }

    private static Guid UuidOf(uint id) => new((int)(0x5e6f_0000 + id), 0x11f0, 0x4d5e, 0x9c, 0x1a, 0x58, 0x65, 0x6e, 0x56, 0x4d, (byte)id);

    private static int SeedOf(int seed, uint id, int vcpu) => unchecked((seed * 1_000_003 + (int)id) * 1_000_003 + vcpu);
}
