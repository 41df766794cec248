using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// A listener's hold on a simulated domain's monitor. If it is disposed without <see cref="Disable"/>, it is a listener
/// that died: the monitor stays enabled.
/// </summary>
internal sealed class SimulatedMonitor(SimulatedDomain domain, SingleCaller caller, Delivery delivery, SharedMemory ring, IEventPorts ports)
    : IDomainMonitor
{
    private bool _disabled;

    public ChannelKind Channel => delivery.Kind;

    public SharedMemory Ring => ring;

    public SharedMemory? Slots => delivery.ListenerSlots;

    public IEventPorts Ports => ports;

    public MonitorCapabilities Capabilities => domain.Abilities.Events;

    public int VCpus => domain.VCpus.Count;

    public ulong Pages => domain.Pages.MaximumGfn + 1 - (ulong)domain.OnDemand.Count;

    public ulong MaximumPages => domain.Pages.MaximumGfn + 1;

    public ulong MaximumGfn => domain.Pages.MaximumGfn;

    /// <summary>The listener is gone, in good order or not.</summary>
    public bool IsDisposed { get; private set; }

    public bool IsConnected => domain.Delivery == delivery;

    public bool IsDomainAlive => domain.IsAlive;

    public DomainState DomainState => domain.State;

    public MemAccess DefaultMemAccess
    {
        get
        {
            using SingleCaller.Call call = EnterMemAccess("xc_get_mem_access");
            return domain.Pages.Default;
        }

        set
        {
            using SingleCaller.Call call = EnterMemAccess("xc_set_mem_access");
            lock (domain.Gate)
            {
                Check("xc_set_mem_access", value, domain.Architecture);
                if (value != MemAccess.Default) domain.Pages.Default = value;
            }
        }
    }

    public IAltP2m AltP2m => field ??= new SimulatedAltP2m(domain, Enter);

    public MemAccess? GetMemAccess(ulong gfn)
    {
        using SingleCaller.Call call = EnterMemAccess("xc_get_mem_access");
        lock (domain.Gate)
        {
            if (gfn > MaximumGfn) throw Refusal.NoSuchPages("xc_get_mem_access", gfn, 1, MaximumGfn);
            return domain.OnDemand.Contains(gfn) ? null : domain.Pages[gfn];
        }
    }

    public ulong? PagesOnDemand
    {
        get
        {
            using SingleCaller.Call call = Enter("xc_domain_get_pod_target");

            // Xen does not count a fork's pages.
            return domain.Options.IsFork ? 0 : (ulong)domain.OnDemand.Count;
        }
    }

    public bool IsDeviceMemory(ulong gfn)
    {
        using SingleCaller.Call call = Enter("HVMOP_get_mem_type");
        return domain.IsDeviceMemory(gfn);
    }

    public void SetMemAccess(MemAccess access, ulong firstGfn, uint count)
    {
        using SingleCaller.Call call = EnterMemAccess("xc_set_mem_access");
        lock (domain.Gate)
        {
            if (count == 0 || firstGfn > MaximumGfn || count - 1 > MaximumGfn - firstGfn)
                throw Refusal.NoSuchPages("xc_set_mem_access", firstGfn, count, MaximumGfn);
            Check("xc_set_mem_access", access, domain.Architecture);
            domain.SetMemAccess(access, firstGfn, count);
            domain.AwaitAccesses();
        }
    }

    public void SetMemAccess(ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access)
    {
        const string Name = "xc_set_mem_access_multi";
        using SingleCaller.Call call = EnterMemAccess(Name);
        foreach (MemAccess permission in access) Check(Name, permission, domain.Architecture);
        lock (domain.Gate)
        {
            for (int i = 0; i < gfns.Length; i++)
            {
                if (gfns[i] <= MaximumGfn) domain.SetMemAccess(access[i], gfns[i], 1);
            }

            domain.AwaitAccesses();
        }
    }

    public void SetAccessRequired(bool required)
    {
        using SingleCaller.Call call = Enter("xc_domain_set_access_required");
        domain.SetAccessRequired(required);
    }

    public void MonitorPageWalks(bool enable) =>
        Switch("xc_monitor_inguest_pagefault", MonitorCapabilities.InguestPagefault, ref domain.Settings.IgnoresPageWalks, !enable);

    public void MonitorWriteControlRegister(ControlRegister register, bool enable, ControlRegisterOptions options)
    {
        const string Name = "xc_monitor_write_ctrlreg";
        using SingleCaller.Call call = Enter(Name, MonitorCapabilities.WriteControlRegister);
        if (!Enum.IsDefined(register)) throw Refusal.Invalid(Name, $"{register} is not a control register that can be watched");
        lock (domain.Gate)
        {
            CheckChange(Name, domain.Settings[register] is not null, enable);
            domain.Settings[register] = enable ? options : null;
        }
    }

    public void DeferRegisterWrites()
    {
        using SingleCaller.Call call = Enter("XEN_DOMCTL_monitor_op");
        lock (domain.Gate) domain.Settings.DefersRegisterWrites = true;
    }

    public void MonitorMovToMsr(uint msr, bool enable, bool onChangeOnly)
    {
        const string Name = "xc_monitor_mov_to_msr";
        using SingleCaller.Call call = Enter(Name, MonitorCapabilities.MovToMsr);
        lock (domain.Gate)
        {
            CheckChange(Name, domain.Settings.Watches(msr), enable);
            if (!Msr.CanBeWatched(msr)) throw Refusal.NotSupported(Name, $"watching the MSR 0x{msr:x}");
            if (enable) domain.Settings.Watch(msr, onChangeOnly);
            else domain.Settings.Unwatch(msr);
        }
    }

    public void MonitorCpuid(bool enable) =>
        Switch("xc_monitor_cpuid", MonitorCapabilities.Cpuid, ref domain.Settings.Cpuid, enable);

    public void MonitorSoftwareBreakpoint(bool enable) =>
        Switch("xc_monitor_software_breakpoint", MonitorCapabilities.SoftwareBreakpoint, ref domain.Settings.SoftwareBreakpoint, enable);

    public void MonitorDebugException(bool enable, bool sync)
    {
        lock (domain.Gate)
        {
            Switch("xc_monitor_debug_exceptions", MonitorCapabilities.DebugException, ref domain.Settings.DebugException, enable);
            domain.Settings.DebugExceptionSync = enable && sync;
        }
    }

    public void MonitorSingleStep(bool enable) =>
        Switch("xc_monitor_singlestep", MonitorCapabilities.SingleStep, ref domain.Settings.SingleStep, enable);

    public void WhilePaused(Action action)
    {
        Enter("xc_domain_pause").Dispose();

        // A vCPU needs the gate for everything that can be watched and whose settings could change here.
        lock (domain.Gate) action();
    }

    public void MonitorDescriptorAccess(bool enable) =>
        Switch("xc_monitor_descriptor_access", MonitorCapabilities.DescriptorAccess, ref domain.Settings.DescriptorAccess, enable);

    public void MonitorGuestRequest(bool enable, bool sync, bool allowUserspace)
    {
        lock (domain.Gate)
        {
            Switch("xc_monitor_guest_request", MonitorCapabilities.GuestRequest, ref domain.Settings.GuestRequest, enable);
            domain.Settings.GuestRequestSync = sync;
            domain.Settings.GuestRequestFromUserspace = allowUserspace;
        }
    }

    public void MonitorPrivilegedCall(bool enable) =>
        Switch("xc_monitor_privileged_call", MonitorCapabilities.PrivilegedCall, ref domain.Settings.PrivilegedCall, enable);

    public void MonitorEmulUnimplemented(bool enable) =>
        Switch("xc_monitor_emul_unimplemented", MonitorCapabilities.EmulUnimplemented, ref domain.Settings.EmulUnimplemented, enable);

    public void MonitorVmExit(bool enable, bool sync)
    {
        lock (domain.Gate)
        {
            Switch("xc_monitor_vmexit", MonitorCapabilities.VmExit, ref domain.Settings.VmExit, enable);
            domain.Settings.VmExitSync = sync;
        }
    }

    public void MonitorIo(bool enable) =>
        Switch("xc_monitor_io", MonitorCapabilities.Io, ref domain.Settings.Io, enable);

    public void InjectTrap(uint vcpu, TrapInjection trap)
    {
        const string Name = "xc_hvm_inject_trap";
        using SingleCaller.Call call = Enter(Name);
        lock (domain.Gate)
        {
            PendingAnswer answer = domain.FindVCpu(Name, vcpu).Answer;
            if (answer.Trap is not null)
            {
                throw new XenException(XenErrorId.CallFailed, Name, Errno.EBUSY,
                    $"vCPU {vcpu} already has a pending exception.", "Inject one exception per event.");
            }

            answer.Inject(trap);
        }
    }

    public IBreakpointNote NoteBreakpoint(BreakpointPlace place)
    {
        SimulatedBreakpoint note = new(domain, this, place);
        lock (domain.Gate) domain.Breakpoints.Add(note);
        return note;
    }

    public void SetSingleStep(uint vcpu, bool enable)
    {
        const string Name = "xc_domain_debug_control";
        using SingleCaller.Call call = Enter(Name);
        domain.SetSingleStep(Name, vcpu, enable);
    }

    public VCpuState GetVCpuState(uint vcpu)
    {
        using SingleCaller.Call call = Enter("xc_vcpu_getinfo");
        return domain.FindVCpu("xc_vcpu_getinfo", vcpu).State;
    }

    public bool IsDeliveringInterrupt(uint vcpu)
    {
        const string Name = "xc_domain_hvm_getcontext_partial";
        using SingleCaller.Call call = Enter(Name);
        return domain.FindVCpu(Name, vcpu).IsDelivering;
    }

    public void Disable()
    {
        const string Name = "xc_monitor_disable";
        using SingleCaller.Call call = caller.Enter(Name);
        if (!_disabled && IsConnected)
        {
            domain.Faults.ThrowIfRefused(Name);
            domain.MonitorDisable();
        }

        _disabled = true;
    }

    public void Dispose()
    {
        IsDisposed = true;
        (ports as SimulatedPorts)?.Close();
        ring.Dispose();
        delivery.ListenerSlots?.Dispose();
    }

    /// <summary>Refuses permissions that Xen does not support, or that crash the guest.</summary>
    internal static void Check(string call, MemAccess access, GuestArchitecture architecture)
    {
        if (!Enum.IsDefined(access)) throw Refusal.Invalid(call, $"{access} is not a page permission");
        MemAccessRules.EnsureSafe(access, architecture);
    }

    private SingleCaller.Call Enter(string name)
    {
        SingleCaller.Call call = caller.Enter(name);
        domain.LastCall = Stopwatch.GetTimestamp();
        try
        {
            if (!domain.IsAlive) throw Refusal.Gone(domain.Identity, name, domain.EndedBecause);
            domain.Faults.ThrowIfRefused(name);
            return call;
        }
        catch
        {
            call.Dispose();
            throw;
        }
    }

    private SingleCaller.Call Enter(string name, MonitorCapabilities needed)
    {
        SingleCaller.Call call = Enter(name);
        if ((Capabilities & needed) != 0) return call;
        call.Dispose();
        throw Refusal.NotSupported(name, $"events of the kind {needed}");
    }

    private SingleCaller.Call EnterMemAccess(string name)
    {
        SingleCaller.Call call = Enter(name);
        if (domain.Abilities.CanRestrictPages && domain.Delivery == delivery) return call;
        call.Dispose();
        throw domain.Abilities.CanRestrictPages
            ? Refusal.NoListener(domain.Identity, name)
            : Refusal.NoPageAccess(name);
    }

    private void Switch(string name, MonitorCapabilities needed, ref bool setting, bool enable)
    {
        using SingleCaller.Call call = Enter(name, needed);
        lock (domain.Gate)
        {
            CheckChange(name, setting, enable);
            setting = enable;
        }
    }

    private static void CheckChange(string name, bool isOn, bool shallBeOn)
    {
        if (isOn == shallBeOn) throw Refusal.AlreadySo(name, $"The event is switched {(isOn ? "on" : "off")}");
    }
}
