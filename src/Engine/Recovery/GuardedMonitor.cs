using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// A monitor whose guard is told of every change that would have to be undone: before it is made, or after it is
/// undone. Events and answers do not pass through here, so they cost nothing more.
/// </summary>
internal sealed class GuardedMonitor(IDomainMonitor monitor, GuardProcess guard) : IDomainMonitor
{
    private readonly GuardedAltP2m _views = new(monitor.AltP2m, guard);
    private GfnRange? _restricted;
    private MemAccess _defaultBefore = MemAccess.Rwx;
    private bool _disabled;

    public ChannelKind Channel => monitor.Channel;

    public SharedMemory Ring => monitor.Ring;

    public SharedMemory? Slots => monitor.Slots;

    public IEventPorts Ports => monitor.Ports;

    public MonitorCapabilities Capabilities => monitor.Capabilities;

    public int VCpus => monitor.VCpus;

    public ulong Pages => monitor.Pages;

    public ulong MaximumPages => monitor.MaximumPages;

    public ulong MaximumGfn => monitor.MaximumGfn;

    public bool IsConnected => monitor.IsConnected;

    public bool IsDomainAlive => monitor.IsDomainAlive;

    public DomainState DomainState => monitor.DomainState;

    public IAltP2m AltP2m => _views;

    public MemAccess DefaultMemAccess
    {
        get => monitor.DefaultMemAccess;
        set
        {
            if (_restricted is null) _defaultBefore = monitor.DefaultMemAccess;
            Restrict(_restricted?.First ?? 0, _restricted?.Last ?? 0);
            monitor.DefaultMemAccess = value;
        }
    }

    public MemAccess? GetMemAccess(ulong gfn) => monitor.GetMemAccess(gfn);

    public ulong? PagesOnDemand => monitor.PagesOnDemand;

    public bool IsDeviceMemory(ulong gfn) => monitor.IsDeviceMemory(gfn);

    public void SetMemAccess(MemAccess access, ulong firstGfn, uint count)
    {
        if (count > 0) Restrict(firstGfn, firstGfn + count - 1);
        monitor.SetMemAccess(access, firstGfn, count);
    }

    public void SetMemAccess(ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access)
    {
        foreach (ulong gfn in gfns) Restrict(gfn, gfn);
        monitor.SetMemAccess(gfns, access);
    }

    public void SetAccessRequired(bool required)
    {
        guard.Tell(GuardState.Required(required));
        monitor.SetAccessRequired(required);
    }

    public void MonitorPageWalks(bool enable)
    {
        if (!enable) guard.Tell(GuardState.PageWalks(watched: false));
        monitor.MonitorPageWalks(enable);
        if (enable) guard.Tell(GuardState.PageWalks(watched: true));
    }

    public void MonitorWriteControlRegister(ControlRegister register, bool enable, ControlRegisterOptions options) => Switch(
        VmEventKind.WriteControlRegister, (uint)register, enable, () => monitor.MonitorWriteControlRegister(register, enable, options));

    public void DeferRegisterWrites() => monitor.DeferRegisterWrites();

    public void MonitorMovToMsr(uint msr, bool enable, bool onChangeOnly) =>
        Switch(VmEventKind.MovToMsr, msr, enable, () => monitor.MonitorMovToMsr(msr, enable, onChangeOnly));

    public void MonitorCpuid(bool enable) => Switch(VmEventKind.Cpuid, 0, enable, () => monitor.MonitorCpuid(enable));

    public void MonitorSoftwareBreakpoint(bool enable) =>
        Switch(VmEventKind.SoftwareBreakpoint, 0, enable, () => monitor.MonitorSoftwareBreakpoint(enable));

    public void MonitorDebugException(bool enable, bool sync) =>
        Switch(VmEventKind.DebugException, 0, enable, () => monitor.MonitorDebugException(enable, sync));

    public void MonitorSingleStep(bool enable) => Switch(VmEventKind.SingleStep, 0, enable, () => monitor.MonitorSingleStep(enable));

    public void MonitorDescriptorAccess(bool enable) =>
        Switch(VmEventKind.DescriptorAccess, 0, enable, () => monitor.MonitorDescriptorAccess(enable));

    public void MonitorGuestRequest(bool enable, bool sync, bool allowUserspace) =>
        Switch(VmEventKind.GuestRequest, 0, enable, () => monitor.MonitorGuestRequest(enable, sync, allowUserspace));

    public void MonitorPrivilegedCall(bool enable) =>
        Switch(VmEventKind.PrivilegedCall, 0, enable, () => monitor.MonitorPrivilegedCall(enable));

    public void MonitorEmulUnimplemented(bool enable) =>
        Switch(VmEventKind.EmulUnimplemented, 0, enable, () => monitor.MonitorEmulUnimplemented(enable));

    public void MonitorVmExit(bool enable, bool sync) =>
        Switch(VmEventKind.VmExit, 0, enable, () => monitor.MonitorVmExit(enable, sync));

    public void MonitorIo(bool enable) => Switch(VmEventKind.Io, 0, enable, () => monitor.MonitorIo(enable));

    public void InjectTrap(uint vcpu, TrapInjection trap) => monitor.InjectTrap(vcpu, trap);

    public IBreakpointNote NoteBreakpoint(BreakpointPlace place) => monitor.NoteBreakpoint(place);

    public void WhilePaused(Action action) => monitor.WhilePaused(action);

    public void SetSingleStep(uint vcpu, bool enable) => monitor.SetSingleStep(vcpu, enable);

    public VCpuState GetVCpuState(uint vcpu) => monitor.GetVCpuState(vcpu);

    public bool IsDeliveringInterrupt(uint vcpu) => monitor.IsDeliveringInterrupt(vcpu);

    public void Disable()
    {
        monitor.Disable();
        _disabled = true;

        // Its ring is no longer in use. There can be vCPUs to resume.
        guard.Tell(GuardState.Disabled);
    }

    public void Dispose()
    {
        monitor.Dispose();
        if (_disabled) guard.Leave();
        guard.Dispose();
    }

    private void Switch(VmEventKind kind, uint detail, bool enable, Action set)
    {
        if (enable) guard.Tell(GuardState.Switched(kind, detail, on: true));
        set();
        if (!enable) guard.Tell(GuardState.Switched(kind, detail, on: false));
    }

    /// <summary>Tells the guard when the range of changed pages has grown.</summary>
    private void Restrict(ulong first, ulong last)
    {
        if (_restricted is { } known && known.Contains(first) && known.Contains(last)) return;
        GfnRange all = _restricted is { } before ? new GfnRange(Math.Min(before.First, first), Math.Max(before.Last, last)) : new GfnRange(first, last);
        _restricted = all;
        guard.Tell(GuardState.Restricted(all, _defaultBefore));
    }
}
