using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>A note of a breakpoint. It is abandoned once its listener has died: has let go of the monitor.</summary>
internal sealed class SimulatedBreakpoint(SimulatedDomain domain, SimulatedMonitor listener, BreakpointPlace place) : IBreakpointNote
{
    public BreakpointPlace Place => place;

    public bool IsAbandoned => listener.IsDisposed;

    public void Remove()
    {
        lock (domain.Gate) domain.Breakpoints.Remove(this);
    }
}
