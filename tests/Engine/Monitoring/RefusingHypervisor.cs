using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>A simulated host whose calls are refused where a test says so, as a real one's may be at any time.</summary>
internal sealed class RefusingHypervisor(SimulatedHypervisor host, Func<string, bool> refuses) : IHypervisor
{
    /// <summary>The highest gfn that the guest has chosen to have; null: that of its memory.</summary>
    public ulong? ChosenMaximumGfn { get; init; }

    /// <summary>Whether no vCPU is ever seen to run, as on a host that has no time for them.</summary>
    public bool HidesProgress { get; init; }

    public string Description => host.Description;

    public VmEventLayout Layout => host.Layout;

    public GuestArchitecture Architecture => host.Architecture;

    public IHostProbe Probe => host.Probe;

    public IReadOnlyList<XenDomain> GetDomains() => refuses(nameof(GetDomains)) ? throw Refused(nameof(GetDomains)) : host.GetDomains();

    /// <summary>The monitor that was enabled last, which refuses nothing.</summary>
    public IDomainMonitor? Enabled { get; private set; }

    public IDomainMonitor EnableMonitor(XenDomain domain, ChannelPreference channel) =>
        new Monitor(Enabled = host.EnableMonitor(domain, channel), refuses, ChosenMaximumGfn, HidesProgress);

    public IRingHandover PrepareHandover(XenDomain domain) => host.PrepareHandover(domain);

    public IDomainControl Control(XenDomain domain) => new DomainControl(host.Control(domain), refuses);

    public IDomainMemory OpenMemory(XenDomain domain) => new DomainMemory(host.OpenMemory(domain), refuses);

    public void Dispose() => host.Dispose();

    private static XenException Refused(string call) => new(XenErrorId.CallFailed, call, Errno.EIO, "It cannot be done.", "Try again.");

    private sealed class DomainMemory(IDomainMemory memory, Func<string, bool> refuses) : IDomainMemory
    {
        public bool TryRead(ulong address, Span<byte> into) => memory.TryRead(address, into);

        public PagingRegisters GetPagingRegisters(uint vcpu) => memory.GetPagingRegisters(vcpu);

        public ulong GetSyscallEntry(uint vcpu) => memory.GetSyscallEntry(vcpu);

        public bool TryReplace(ulong address, byte expected, byte value) =>
            refuses(nameof(TryReplace)) ? throw Refused(nameof(TryReplace)) : memory.TryReplace(address, expected, value);

        public void Dispose() => memory.Dispose();
    }

    private sealed class DomainControl(IDomainControl control, Func<string, bool> refuses) : IDomainControl
    {
        public bool? IsMonitored => refuses(nameof(IsMonitored)) ? null : control.IsMonitored;

        public IReadOnlyList<string> ListenerSuspects => control.ListenerSuspects;

        public MonitorCapabilities Capabilities => Try(nameof(Capabilities)).Capabilities;

        public int VCpus => control.VCpus;

        public bool? CanRestrictPages => refuses(nameof(CanRestrictPages)) ? null : control.CanRestrictPages;

        public IAltP2m AltP2m => Try(nameof(AltP2m)).AltP2m;

        public void SetAccessRequired(bool required) => Try(nameof(SetAccessRequired)).SetAccessRequired(required);

        public void SetSingleStep(uint vcpu, bool enable) => Try(nameof(SetSingleStep)).SetSingleStep(vcpu, enable);

        public bool HasViews => Try(nameof(HasViews)).HasViews;

        public VCpuState GetVCpuState(uint vcpu) => Try(nameof(GetVCpuState)).GetVCpuState(vcpu);

        public void WhilePaused(Action action) => Try(nameof(WhilePaused)).WhilePaused(action);

        public IReadOnlyList<IBreakpointNote> FindBreakpoints() => Try(nameof(FindBreakpoints)).FindBreakpoints();

        public bool DisableMonitor() => Try(nameof(DisableMonitor)).DisableMonitor();

        public void Dispose() => control.Dispose();

        private IDomainControl Try(string call) => refuses(call) ? throw Refused(call) : control;
    }

    private sealed class Monitor(IDomainMonitor monitor, Func<string, bool> refuses, ulong? chosenMaximumGfn, bool hidesProgress) : IDomainMonitor
    {
        public ChannelKind Channel => monitor.Channel;

        public SharedMemory Ring => monitor.Ring;

        public SharedMemory? Slots => monitor.Slots;

        public IEventPorts Ports => monitor.Ports;

        public MonitorCapabilities Capabilities => monitor.Capabilities;

        public int VCpus => monitor.VCpus;

        public ulong Pages => monitor.Pages;

        public ulong MaximumPages => monitor.MaximumPages;

        public ulong MaximumGfn => chosenMaximumGfn ?? monitor.MaximumGfn;

        public bool IsConnected => monitor.IsConnected;

        public bool IsDomainAlive => Try(nameof(IsDomainAlive)).IsDomainAlive;

        public DomainState DomainState => Try(nameof(DomainState)).DomainState;

        public MemAccess DefaultMemAccess
        {
            get => monitor.DefaultMemAccess;
            set => Try(nameof(DefaultMemAccess)).DefaultMemAccess = value;
        }

        public IAltP2m AltP2m => Try(nameof(AltP2m)).AltP2m;

        public MemAccess? GetMemAccess(ulong gfn) => monitor.GetMemAccess(gfn);

        public ulong? PagesOnDemand => monitor.PagesOnDemand;

        public bool IsDeviceMemory(ulong gfn) => monitor.IsDeviceMemory(gfn);

        public void SetMemAccess(MemAccess access, ulong firstGfn, uint count) =>
            Try(nameof(SetMemAccess)).SetMemAccess(access, firstGfn, count);

        public void SetMemAccess(ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access) =>
            Try(nameof(SetMemAccess)).SetMemAccess(gfns, access);

        public void SetAccessRequired(bool required) => Try(nameof(SetAccessRequired)).SetAccessRequired(required);

        public void MonitorPageWalks(bool enable) => Try(nameof(MonitorPageWalks)).MonitorPageWalks(enable);

        public void MonitorWriteControlRegister(ControlRegister register, bool enable, ControlRegisterOptions options) =>
            Try(nameof(MonitorWriteControlRegister)).MonitorWriteControlRegister(register, enable, options);

        public void DeferRegisterWrites() => Try(nameof(DeferRegisterWrites)).DeferRegisterWrites();

        public void MonitorMovToMsr(uint msr, bool enable, bool onChangeOnly) => Try(nameof(MonitorMovToMsr)).MonitorMovToMsr(msr, enable, onChangeOnly);

        public void MonitorCpuid(bool enable) => Try(nameof(MonitorCpuid)).MonitorCpuid(enable);

        public void MonitorSoftwareBreakpoint(bool enable) => Try(nameof(MonitorSoftwareBreakpoint)).MonitorSoftwareBreakpoint(enable);

        public void MonitorDebugException(bool enable, bool sync) => monitor.MonitorDebugException(enable, sync);

        public void MonitorSingleStep(bool enable) => monitor.MonitorSingleStep(enable);

        public IBreakpointNote NoteBreakpoint(BreakpointPlace place) => Try(nameof(NoteBreakpoint)).NoteBreakpoint(place);

        public void WhilePaused(Action action) => Try(nameof(WhilePaused)).WhilePaused(action);

        public void MonitorDescriptorAccess(bool enable) => monitor.MonitorDescriptorAccess(enable);

        public void MonitorGuestRequest(bool enable, bool sync, bool allowUserspace) => monitor.MonitorGuestRequest(enable, sync, allowUserspace);

        public void MonitorPrivilegedCall(bool enable) => monitor.MonitorPrivilegedCall(enable);

        public void MonitorEmulUnimplemented(bool enable) => monitor.MonitorEmulUnimplemented(enable);

        public void MonitorVmExit(bool enable, bool sync) => monitor.MonitorVmExit(enable, sync);

        public void MonitorIo(bool enable) => monitor.MonitorIo(enable);

        public void InjectTrap(uint vcpu, TrapInjection trap) => Try(nameof(InjectTrap)).InjectTrap(vcpu, trap);

        public void SetSingleStep(uint vcpu, bool enable) => Try(nameof(SetSingleStep)).SetSingleStep(vcpu, enable);

        public VCpuState GetVCpuState(uint vcpu) => hidesProgress
            ? new VCpuState(RunTime: 0, IsRunning: true, IsBlocked: false)
            : Try(nameof(GetVCpuState)).GetVCpuState(vcpu);

        public bool IsDeliveringInterrupt(uint vcpu) => Try(nameof(IsDeliveringInterrupt)).IsDeliveringInterrupt(vcpu);

        public void Disable() => Try(nameof(Disable)).Disable();

        public void Dispose() => monitor.Dispose();

        private IDomainMonitor Try(string call) =>
            refuses(call) ? throw Refused(call) : monitor;
    }
}
