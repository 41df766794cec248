using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;

namespace XenVmEvent.Tests.Recovery;

/// <summary>A simulated host on whose guests no vCPU runs or waits by itself, as after <c>xl pause</c>.</summary>
internal sealed class PausedHypervisor(SimulatedHypervisor host) : IHypervisor
{
    /// <summary>How often a monitor was disabled without being its listener, as a reset does.</summary>
    public int Resets { get; private set; }

    public string Description => host.Description;

    public VmEventLayout Layout => host.Layout;

    public GuestArchitecture Architecture => host.Architecture;

    public IHostProbe Probe => host.Probe;

    public IReadOnlyList<XenDomain> GetDomains() => host.GetDomains();

    public IDomainMonitor EnableMonitor(XenDomain domain, ChannelPreference channel) => host.EnableMonitor(domain, channel);

    public IRingHandover PrepareHandover(XenDomain domain) => host.PrepareHandover(domain);

    public IDomainControl Control(XenDomain domain) => new PausedDomain(this, host.Control(domain));

    public IDomainMemory OpenMemory(XenDomain domain) => host.OpenMemory(domain);

    public void Dispose()
    {
    }

    private sealed class PausedDomain(PausedHypervisor owner, IDomainControl control) : IDomainControl
    {
        public bool? IsMonitored => control.IsMonitored;

        public IReadOnlyList<string> ListenerSuspects => control.ListenerSuspects;

        public MonitorCapabilities Capabilities => control.Capabilities;

        public int VCpus => control.VCpus;

        public bool? CanRestrictPages => control.CanRestrictPages;

        public IAltP2m AltP2m => control.AltP2m;

        public bool HasViews => control.HasViews;

        public VCpuState GetVCpuState(uint vcpu) => new(RunTime: 5, IsRunning: false, IsBlocked: false);

        public void SetAccessRequired(bool required) => control.SetAccessRequired(required);

        public void SetSingleStep(uint vcpu, bool enable) => control.SetSingleStep(vcpu, enable);

        public IReadOnlyList<IBreakpointNote> FindBreakpoints() => control.FindBreakpoints();

        public void WhilePaused(Action action) => control.WhilePaused(action);

        public bool DisableMonitor()
        {
            owner.Resets++;
            return control.DisableMonitor();
        }

        public void Dispose() => control.Dispose();
    }
}
