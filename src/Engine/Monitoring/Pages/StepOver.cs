using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Lets a vCPU do in view 0 what its own view forbids: one instruction, stepped, and back. Used by the pump's thread.
/// </summary>
internal sealed class StepOver(MonitorCapabilities capabilities, VCpuStepping stepping, int vcpus)
{
    /// <summary>Of each vCPU that is on its way, the view that it comes back to.</summary>
    private readonly Dictionary<uint, ushort> _back = [];

    /// <summary>
    /// The view that all vCPUs were put into, of each that has asked for nothing since: a request of before then names
    /// the view that the vCPU was in when it stopped.
    /// </summary>
    private readonly Dictionary<uint, ushort> _put = [];

    /// <summary>Whether the processor can single step.</summary>
    public bool IsPossible { get; } = (capabilities & MonitorCapabilities.SingleStep) != 0;

    /// <summary>The view that a vCPU comes back to; null for one that is not on its way.</summary>
    public ushort? BackTo(uint vcpu) => _back.TryGetValue(vcpu, out ushort view) ? view : null;

    /// <summary>Has the vCPU go on in view 0 for one instruction.</summary>
    public void Begin(RequestReader request, ResponseWriter writer)
    {
        stepping.BeginStepOver(request.VCpuId);
        _back[request.VCpuId] = _put.Remove(request.VCpuId, out ushort put) ? put : (ushort)request.UInt32(VmEventField.Altp2mIndex);
        GoTo(0, writer);
    }

    /// <summary>Has a vCPU that has done its instruction go back; does nothing for another.</summary>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="switchesOver">The response switches its stepping over.</param>
    /// <param name="writer">The response.</param>
    public void End(uint vcpu, bool switchesOver, ResponseWriter writer)
    {
        if (!_back.Remove(vcpu, out ushort view)) return;
        stepping.EndStepOver(vcpu, switchesOver);
        GoTo(view, writer);
    }

    /// <summary>All vCPUs were put into a view: those on their way come back to it.</summary>
    public void Redirect(ushort view)
    {
        foreach (uint vcpu in _back.Keys) _back[vcpu] = view;
        for (uint vcpu = 0; vcpu < vcpus; vcpu++) _put[vcpu] = view;
    }

    /// <summary>An answer puts a vCPU into a view of its own.</summary>
    public void Leave(uint vcpu) => _put.Remove(vcpu);

    /// <summary>The views are gone: none comes back.</summary>
    public void Forget()
    {
        _back.Clear();
        _put.Clear();
        stepping.ForgetStepsOver();
    }

    private static void GoTo(ushort view, ResponseWriter writer)
    {
        writer.Set(VmEventField.Altp2mIndex, view);
        writer.AddFlags(VmEventFlags.AlternateP2m);
    }
}
