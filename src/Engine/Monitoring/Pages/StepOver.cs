using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Lets a vCPU do in view 0 what its own view forbids: it single-steps one instruction there and comes back. Used by
/// the pump's thread.
/// </summary>
internal sealed class StepOver(MonitorCapabilities capabilities, VCpuStepping stepping, int vcpus)
{
    /// <summary>For each vCPU that is stepping over, the view that it comes back to.</summary>
    private readonly Dictionary<uint, ushort> _back = [];

    /// <summary>
    /// The view that all vCPUs were switched to, for each vCPU that has raised no event since. An earlier request names
    /// the view that the vCPU was in when it stopped.
    /// </summary>
    private readonly Dictionary<uint, ushort> _put = [];

    /// <summary>Whether the processor can single-step.</summary>
    public bool IsPossible { get; } = (capabilities & MonitorCapabilities.SingleStep) != 0;

    /// <summary>The view that a vCPU comes back to; null for a vCPU that is not stepping over.</summary>
    public ushort? BackTo(uint vcpu) => _back.TryGetValue(vcpu, out ushort view) ? view : null;

    /// <summary>Makes the vCPU execute one instruction in view 0.</summary>
    public void Begin(RequestReader request, ResponseWriter writer)
    {
        stepping.BeginStepOver(request.VCpuId);
        _back[request.VCpuId] = _put.Remove(request.VCpuId, out ushort put) ? put : (ushort)request.UInt32(VmEventField.Altp2mIndex);
        GoTo(0, writer);
    }

    /// <summary>Makes a vCPU that has executed its instruction go back; does nothing for any other.</summary>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="switchesOver">The response toggles its stepping.</param>
    /// <param name="writer">The response.</param>
    public void End(uint vcpu, bool switchesOver, ResponseWriter writer)
    {
        if (!_back.Remove(vcpu, out ushort view)) return;
        stepping.EndStepOver(vcpu, switchesOver);
        GoTo(view, writer);
    }

    /// <summary>All vCPUs were switched to a view: those that are stepping over come back to it.</summary>
    public void Redirect(ushort view)
    {
        foreach (uint vcpu in _back.Keys) _back[vcpu] = view;
        for (uint vcpu = 0; vcpu < vcpus; vcpu++) _put[vcpu] = view;
    }

    /// <summary>An answer switches a vCPU to a view of its own.</summary>
    public void Leave(uint vcpu) => _put.Remove(vcpu);

    /// <summary>The views are gone: no vCPU comes back.</summary>
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
