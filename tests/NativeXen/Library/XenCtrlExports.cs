using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Simulation;

namespace XenVmEvent.NativeXen;

/// <summary>
/// The functions of libxenctrl, but those about memory and views (<see cref="MemoryExports"/>,
/// <see cref="AltP2mExports"/>). C's <c>bool</c> is a byte here.
/// </summary>
internal static unsafe class XenCtrlExports
{
    internal const string Prefix = "simulated_xc_";
    private const nint Connection = 1;
    private const uint SingleStepOn = 1;
    private const int VersionNumber = 0;
    private const int VersionCommandLine = 9;
    private const int CommandLineBytes = 1024;

    private static readonly ConcurrentStack<(uint Domain, IDisposable Hold)> Holds = new();

    [UnmanagedCallersOnly(EntryPoint = Prefix + "interface_open")]
    public static nint InterfaceOpen(nint logger, nint dombuildLogger, uint flags) => Connection;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "interface_close")]
    public static int InterfaceClose(nint xch) => 0;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "version")]
    public static int Version(nint xch, int command, nint argument)
    {
        switch (command)
        {
            case VersionNumber: return NativeHost.XenVersion;
            case VersionCommandLine:
                "dom0_mem=512M altp2m=1\0"u8.CopyTo(new Span<byte>((void*)argument, CommandLineBytes));
                return 0;
            default: return NativeHost.Fail(Errno.ENOSYS);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = Prefix + "physinfo")]
    public static int PhysicalInfo(nint xch, uint* info)
    {
        // struct xen_sysctl_physinfo: 20 words, 18 before Xen 4.17, and then those of CPUID.
        const int Capabilities = 7;
        const uint HvmAndNestedPaging = 1 << 0 | 1 << 3;
        int features = NativeHost.InterfaceVersion < 7 ? 18 : 20;
        new Span<uint>(info, features + 8).Clear();
        info[Capabilities] = HvmAndNestedPaging;
        if (NativeHost.Guest.Abilities.CanRestrictPages) info[features + 1] = 1 << 5; // VT-x
        else info[features + 3] = 1 << 2; // SVM
        return 0;
    }

    [UnmanagedCallersOnly(EntryPoint = Prefix + "vm_event_get_version")]
    public static int VmEventGetVersion(nint xch) => NativeHost.InterfaceVersion;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_enable")]
    public static nint MonitorEnable(nint xch, uint domain, uint* port)
    {
        try
        {
            SimulatedDomain guest = NativeHost.Find(domain, "xc_monitor_enable");

            // As Xen's library does, which pauses the domain meanwhile.
            Pauses.Add();
            Death.At("in xc_monitor_enable");
            SimulatedMonitor monitor;
            try
            {
                if (NativeHost.IsGuestFull) return FailFull();
                monitor = NativeHost.Enable(guest, guest.Channel.Enable);
            }
            finally
            {
                Pauses.Take();
            }

            *port = monitor.Ports.RingPort;
            return NativeHost.AddressOf(monitor.Ring);
        }
        catch (XenException e)
        {
            NativeHost.Fail(e);
            return 0;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_enable_ex")]
    public static nint MonitorEnableEx(
        nint xch, uint domain, nint* ring, uint ringFrames, uint* ringPort, nint* slots, uint* slotPorts, uint slotCount)
    {
        try
        {
            SimulatedDomain guest = NativeHost.Find(domain, "xc_monitor_enable_ex");
            SimulatedMonitor monitor = NativeHost.Enable(guest, () => guest.Channel.EnableEx((int)ringFrames, (int)slotCount));
            *ring = NativeHost.AddressOf(monitor.Ring);
            *ringPort = monitor.Ports.RingPort;
            *slots = NativeHost.AddressOf(monitor.Slots!);
            for (int i = 0; i < slotCount; i++) slotPorts[i] = monitor.Ports.SlotPorts[i];
            return Connection;
        }
        catch (XenException e)
        {
            NativeHost.Fail(e);
            return 0;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_disable")]
    public static int MonitorDisable(nint xch, uint domain) => NativeHost.Try(() =>
    {
        NativeHost.Disable(domain);
        Death.At("after xc_monitor_disable");
    });

    /// <summary>
    /// Without a ring this fails with ENODEV, or with EINVAL if Xen has slots, enabled or not.
    /// </summary>
    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_resume")]
    public static int MonitorResume(nint xch, uint domain) => NativeHost.Try(() =>
    {
        const string Call = "xc_monitor_resume";
        if (NativeHost.HasSlots && NativeHost.FindMonitor(domain)?.Channel != ChannelKind.Ring) throw Refusal.Invalid(Call, $"The domain {NativeHost.Find(domain, Call).Identity} has no ring");
        SimulatedMonitor monitor = NativeHost.MonitorOf(domain, Call);
        monitor.Ports.Notify(monitor.Ports.RingPort);
    });

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_get_capabilities")]
    public static int MonitorGetCapabilities(nint xch, uint domain, uint* capabilities) =>
        NativeHost.Try(() => *capabilities = (uint)NativeHost.Find(domain, "xc_monitor_get_capabilities").Abilities.ToldEvents);

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_write_ctrlreg")]
    public static int MonitorWriteCtrlReg(nint xch, uint domain, ushort index, byte enable, byte sync, ulong bitmask, byte onChangeOnly) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_write_ctrlreg").MonitorWriteControlRegister(
            (ControlRegister)index, enable != 0, new ControlRegisterOptions(bitmask, onChangeOnly != 0, sync != 0)));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_mov_to_msr")]
    public static int MonitorMovToMsr(nint xch, uint domain, uint msr, byte enable, byte onChangeOnly) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_mov_to_msr").MonitorMovToMsr(msr, enable != 0, onChangeOnly != 0));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_cpuid")]
    public static int MonitorCpuid(nint xch, uint domain, byte enable) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_cpuid").MonitorCpuid(enable != 0));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_software_breakpoint")]
    public static int MonitorSoftwareBreakpoint(nint xch, uint domain, byte enable) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_software_breakpoint").MonitorSoftwareBreakpoint(enable != 0));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_debug_exceptions")]
    public static int MonitorDebugExceptions(nint xch, uint domain, byte enable, byte sync) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_debug_exceptions").MonitorDebugException(enable != 0, sync != 0));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_singlestep")]
    public static int MonitorSingleStep(nint xch, uint domain, byte enable) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_singlestep").MonitorSingleStep(enable != 0));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_descriptor_access")]
    public static int MonitorDescriptorAccess(nint xch, uint domain, byte enable) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_descriptor_access").MonitorDescriptorAccess(enable != 0));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_guest_request")]
    public static int MonitorGuestRequest(nint xch, uint domain, byte enable, byte sync, byte allowUserspace) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_guest_request").MonitorGuestRequest(enable != 0, sync != 0, allowUserspace != 0));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_privileged_call")]
    public static int MonitorPrivilegedCall(nint xch, uint domain, byte enable) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_privileged_call").MonitorPrivilegedCall(enable != 0));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_emul_unimplemented")]
    public static int MonitorEmulUnimplemented(nint xch, uint domain, byte enable) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_emul_unimplemented").MonitorEmulUnimplemented(enable != 0));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_inguest_pagefault")]
    public static int MonitorInguestPagefault(nint xch, uint domain, byte disable) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_inguest_pagefault").MonitorPageWalks(disable == 0));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_vmexit")]
    public static int MonitorVmExit(nint xch, uint domain, byte enable, byte sync) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_vmexit").MonitorVmExit(enable != 0, sync != 0));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "monitor_io")]
    public static int MonitorIo(nint xch, uint domain, byte enable) =>
        NativeHost.Try(() => Monitor(domain, "xc_monitor_io").MonitorIo(enable != 0));

    /// <summary>
    /// The state of a vCPU: of <c>struct hvm_hw_cpu</c> what says how it translates addresses, and what it delivers.
    /// </summary>
    [UnmanagedCallersOnly(EntryPoint = Prefix + "domain_hvm_getcontext_partial")]
    public static int DomainHvmGetContextPartial(nint xch, uint domain, ushort type, ushort instance, byte* buffer, uint bytes)
    {
        const ushort processor = 2;
        const int size = 1032;
        if (type != processor) return NativeHost.Fail(Errno.EINVAL);
        if (bytes < size) return NativeHost.Fail(Errno.ENOSPC);
        return NativeHost.Try(() =>
        {
            const uint timerInterrupt = 0x8000_00ec;
            SimulatedDomain guest = NativeHost.Find(domain, "xc_domain_hvm_getcontext_partial");
            SimulatedDomainMemory memory = new(guest);
            PagingRegisters paging = memory.GetPagingRegisters(instance);
            new Span<byte>(buffer, size).Clear();
            *(ulong*)(buffer + 656) = paging.Cr0;
            *(ulong*)(buffer + 672) = paging.Cr3;
            *(ulong*)(buffer + 680) = paging.Cr4;
            *(ulong*)(buffer + 960) = memory.GetSyscallEntry(instance);
            *(ulong*)(buffer + 992) = paging.Efer;
            *(uint*)(buffer + 1016) = guest.VCpus[instance].IsDelivering ? timerInterrupt : 0;
        });
    }

    /// <summary>
    /// As the engine's own: whoever has the gate keeps vCPUs from raising events and from taking answers. A guest that has
    /// not run yet needs no gate.
    /// </summary>
    [UnmanagedCallersOnly(EntryPoint = Prefix + "domain_pause")]
    public static int DomainPause(nint xch, uint domain) => NativeHost.Try(() =>
    {
        SimulatedDomain guest = NativeHost.Find(domain, "xc_domain_pause");
        Death.At("before xc_domain_pause");
        if (guest.HoldBack() is { } hold) Holds.Push((domain, hold));
        else guest.Gate.Enter();
        Pauses.Add();
        Death.At("after xc_domain_pause");
    });

    /// <summary>A pause that another process left has no gate in this process.</summary>
    [UnmanagedCallersOnly(EntryPoint = Prefix + "domain_unpause")]
    public static int DomainUnpause(nint xch, uint domain)
    {
        Death.At("before xc_domain_unpause");
        if (!Pauses.Take()) return NativeHost.Fail(Errno.EINVAL);
        if (Holds.TryPeek(out (uint Domain, IDisposable Hold) last) && last.Domain == domain && Holds.TryPop(out last)) last.Hold.Dispose();
        foreach (SimulatedDomain guest in NativeHost.AllGuests)
        {
            if (guest.Identity.Id == domain && guest.Gate.IsHeldByCurrentThread) guest.Gate.Exit();
        }

        Death.At("after xc_domain_unpause");
        return 0;
    }

    [UnmanagedCallersOnly(EntryPoint = Prefix + "domain_maximum_gpfn")]
    public static int DomainMaximumGpfn(nint xch, uint domain, ulong* gfn) =>
        NativeHost.Try(() => *gfn = NativeHost.Find(domain, "xc_domain_maximum_gpfn").Pages.MaximumGfn);

    [UnmanagedCallersOnly(EntryPoint = Prefix + "vcpu_getinfo")]
    public static int VCpuGetInfo(nint xch, uint domain, uint vcpu, VCpuInfo* info) => NativeHost.Try(() =>
    {
        *info = default;
        if (domain == 0) return;
        SimulatedDomain guest = NativeHost.Find(domain, "xc_vcpu_getinfo");
        if (vcpu >= guest.VCpus.Count) throw Refusal.Invalid("xc_vcpu_getinfo", $"The domain has no vCPU {vcpu}");
        VCpuState its = guest.VCpus[(int)vcpu].State;
        *info = new VCpuInfo { VCpu = vcpu, Online = 1, Blocked = Byte(its.IsBlocked), Running = Byte(its.IsRunning), CpuTime = its.RunTime };
        static byte Byte(bool value) => value ? (byte)1 : (byte)0;
    });

    /// <summary>A destroyed one too: somebody has a page of it mapped.</summary>
    [UnmanagedCallersOnly(EntryPoint = Prefix + "domain_getinfolist")]
    public static int DomainGetInfoList(nint xch, uint firstDomain, uint most, DomainInfo* info)
    {
        if (most == 0) return 0;
        if (firstDomain == 0)
        {
            *info = DomainInfo.Of(new XenDomain(0, "Domain-0", Guid.Empty, DomainType.PV, 1), pages: 0, maximumPages: 0, flags: 0);
            return 1;
        }

        SimulatedDomain? guest = NativeHost.AllGuests.FirstOrDefault(g => g.Identity.Id >= firstDomain);
        if (guest is null) return 0;
        ulong pages = guest.Pages.MaximumGfn + 1;
        *info = DomainInfo.Of(
            guest.Identity, pages - (ulong)guest.PagesOnDemand, pages, DomainInfo.FlagsOf(guest.State, isDying: !guest.IsAlive, isPaused: Pauses.Count > 0));
        info->RunTime = (ulong)guest.VCpus.Sum(vcpu => (long)vcpu.State.RunTime);
        return 1;
    }

    [UnmanagedCallersOnly(EntryPoint = Prefix + "domain_debug_control")]
    public static int DomainDebugControl(nint xch, uint domain, uint operation, uint vcpu) => NativeHost.Try(() =>
    {
        SimulatedDomain guest = NativeHost.Find(domain, "xc_domain_debug_control");
        if (vcpu >= guest.VCpus.Count || operation > SingleStepOn) throw Refusal.Invalid("xc_domain_debug_control", "No such vCPU or operation");
        lock (guest.Gate) guest.VCpus[(int)vcpu].SetSingleStep(operation == SingleStepOn);
    });

    [UnmanagedCallersOnly(EntryPoint = Prefix + "hvm_inject_trap")]
    public static int HvmInjectTrap(nint xch, uint domain, int vcpu, byte vector, byte type, uint errorCode, byte length, ulong extra)
    {
        try
        {
            Monitor(domain, "xc_hvm_inject_trap").InjectTrap((uint)vcpu, new TrapInjection(vector, type, length, extra));
            return 0;
        }
        catch (XenException e)
        {
            return NativeHost.Fail(e);
        }
    }

    /// <summary><c>struct evtchn_status</c>: domain, port, state.</summary>
    [UnmanagedCallersOnly(EntryPoint = Prefix + "evtchn_status")]
    public static int EventChannelStatus(nint xch, uint* status)
    {
        const uint unbound = 1;
        const uint interdomain = 2;
        status[2] = EventChannels.IsBound(status[1]) ? interdomain : unbound;
        return 0;
    }

    /// <summary>
    /// The domain has all the memory that it may have, so its ring's page cannot be populated. The error is EBUSY.
    /// </summary>
    private static nint FailFull()
    {
        NativeHost.Fail(Errno.EBUSY);
        return 0;
    }

    internal static SimulatedMonitor Monitor(uint domain, string call) => NativeHost.MonitorOf(domain, call);
}
