using System.Runtime.InteropServices;
using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The enabled monitor of a domain on the real Xen, on its own connection.</summary>
internal sealed class XenMonitor : IDomainMonitor
{
    private const ulong DefaultForNewPages = ulong.MaxValue;
    private const uint NoErrorCode = uint.MaxValue;

    private readonly XenCtrlHandle _xen;
    private readonly XenDomain _domain;
    private readonly XenVersion _version;
    private readonly XenErrors _errors;
    private readonly XenChannel _channel;
    private readonly IEventPorts _ports;
    private readonly XenAltP2m _altP2m;
    private XenDeviceModelHandle? _deviceModel;
    private MemoryType? _memoryType;
    private bool _hasAskedForTypes;
    private bool _disabled;

    /// <summary>Takes over the result of enabling.</summary>
    public XenMonitor(
        XenCtrlHandle xen,
        XenDomain domain,
        XenVersion version,
        XenErrors errors,
        XenChannel channel,
        IEventPorts ports,
        MonitorCapabilities capabilities)
    {
        _xen = xen;
        _domain = domain;
        _version = version;
        _errors = errors;
        _channel = channel;
        _ports = ports;
        _altP2m = new XenAltP2m(xen, domain, errors);
        Capabilities = capabilities;
    }

    public ChannelKind Channel => _channel.Kind;

    public SharedMemory Ring => _channel.Ring;

    public SharedMemory? Slots => _channel.Slots;

    public IEventPorts Ports => _ports;

    public MonitorCapabilities Capabilities { get; }

    public int VCpus => _domain.VCpus;

    public ulong Pages => GetDomainInfo()?.Pages ?? 0;

    public ulong MaximumPages => GetDomainInfo()?.MaximumPages ?? 0;

    public ulong MaximumGfn
    {
        get
        {
            int result = XenCtrl.xc_domain_maximum_gpfn(_xen, _domain.Id, out ulong gfn);
            return result >= 0 ? gfn : throw Failure(nameof(XenCtrl.xc_domain_maximum_gpfn), "read the highest gfn");
        }
    }

    public bool IsConnected => EventChannelStatus.IsBound(_xen, _ports.RingPort);

    /// <remarks>
    /// Xen keeps a destroyed domain for as long as somebody has a page of it mapped, as a listener does.
    /// </remarks>
    public bool IsDomainAlive => GetDomainInfo() is { IsDying: false };

    public DomainState DomainState => GetDomainInfo()?.State ?? DomainState.Destroyed;

    public MemAccess DefaultMemAccess
    {
        get
        {
            if (XenCtrl.xc_get_mem_access(_xen, _domain.Id, DefaultForNewPages, out MemAccess access) >= 0) return access;
            int errno = Marshal.GetLastPInvokeError();
            throw MemAccessFailure(nameof(XenCtrl.xc_get_mem_access), errno, null, DefaultForNewPages, 1);
        }

        set => SetMemAccess(value, DefaultForNewPages, 0);
    }

    public IAltP2m AltP2m => _altP2m;

    public MemAccess? GetMemAccess(ulong gfn)
    {
        if (XenCtrl.xc_get_mem_access(_xen, _domain.Id, gfn, out MemAccess access) >= 0) return access;
        int errno = Marshal.GetLastPInvokeError();
        if ((Errno)errno == Errno.ESRCH && gfn <= MaximumGfn) return null; // A hole in the domain's memory.
        throw MemAccessFailure(nameof(XenCtrl.xc_get_mem_access), errno, null, gfn, 1);
    }

    /// <remarks>
    /// Xen does not count the pages of a fork, which it copies from the parent when they are accessed.
    /// </remarks>
    public ulong? PagesOnDemand =>
        XenHypervisor.ProcessorArchitecture != GuestArchitecture.X86 ? 0
        : XenCtrl.xc_domain_get_pod_target(_xen, _domain.Id, out _, out _, out ulong entries) >= 0 ? entries
        : null;

    public bool IsDeviceMemory(ulong gfn)
    {
        if (XenHypervisor.ProcessorArchitecture != GuestArchitecture.X86) return false;
        if (!_hasAskedForTypes) _memoryType = MemoryType.TryOpen();
        _hasAskedForTypes = true;
        return _memoryType?.IsDeviceMemory(_domain.Id, gfn) ?? false;
    }

    public void SetMemAccess(MemAccess access, ulong firstGfn, uint count)
    {
        MemAccessRules.EnsureSafe(access, XenHypervisor.ProcessorArchitecture);
        if (XenCtrl.xc_set_mem_access(_xen, _domain.Id, access, firstGfn, count) >= 0) return;
        int errno = Marshal.GetLastPInvokeError();
        throw MemAccessFailure(nameof(XenCtrl.xc_set_mem_access), errno, access, firstGfn, count);
    }

    public unsafe void SetMemAccess(ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access)
    {
        if (gfns.IsEmpty) return;
        byte[] permissions = MemAccessRules.ToBytes(access, gfns.Length, XenHypervisor.ProcessorArchitecture);
        fixed (byte* eachAccess = permissions)
        fixed (ulong* eachGfn = gfns)
        {
            if (XenCtrl.xc_set_mem_access_multi(_xen, _domain.Id, eachAccess, eachGfn, (uint)gfns.Length) >= 0) return;
        }

        int errno = Marshal.GetLastPInvokeError();
        throw _errors.OfMemAccess(
            nameof(XenCtrl.xc_set_mem_access_multi), errno, $"set the access of {gfns.Length} pages of {_domain}", _domain);
    }

    public void SetAccessRequired(bool required) => DomainSettings.SetAccessRequired(_xen, _domain, _errors, required);

    public void MonitorPageWalks(bool enable) =>
        Switched(
            XenCtrl.xc_monitor_inguest_pagefault(_xen, _domain.Id, disable: !enable),
            nameof(XenCtrl.xc_monitor_inguest_pagefault),
            enable,
            "page walk");

    public void MonitorWriteControlRegister(ControlRegister register, bool enable, ControlRegisterOptions options) =>
        Switched(
            XenCtrl.xc_monitor_write_ctrlreg(
                _xen, _domain.Id, (ushort)register, enable, options.Sync, options.IgnoredBits, options.OnChangeOnly),
            nameof(XenCtrl.xc_monitor_write_ctrlreg),
            enable,
            "control register");

    public void DeferRegisterWrites()
    {
        if (_version is { Major: 4, Minor: < 14 }) return; // Xen always defers them.
        if (_version.DomctlInterface is not { } domctlInterface)
        {
            throw new XenException(
                XenErrorId.NotSupported,
                $"XenVmEvent does not know how to tell Xen {_version} to defer register writes.",
                "Install a release of XenVmEvent that supports this Xen.");
        }

        if (!RegisterWriteDeferral.TryEnable(_domain.Id, domctlInterface)) throw Failure(nameof(XenCall.xencall1), "defer the register writes");
    }

    public void MonitorMovToMsr(uint msr, bool enable, bool onChangeOnly) =>
        Switched(XenCtrl.xc_monitor_mov_to_msr(_xen, _domain.Id, msr, enable, onChangeOnly), nameof(XenCtrl.xc_monitor_mov_to_msr), enable, "MSR");

    public void MonitorCpuid(bool enable) =>
        Switched(XenCtrl.xc_monitor_cpuid(_xen, _domain.Id, enable), nameof(XenCtrl.xc_monitor_cpuid), enable, "CPUID");

    public void MonitorSoftwareBreakpoint(bool enable) =>
        Switched(
            XenCtrl.xc_monitor_software_breakpoint(_xen, _domain.Id, enable),
            nameof(XenCtrl.xc_monitor_software_breakpoint),
            enable,
            "breakpoint");

    public void MonitorDebugException(bool enable, bool sync) =>
        Switched(
            XenCtrl.xc_monitor_debug_exceptions(_xen, _domain.Id, enable, sync),
            nameof(XenCtrl.xc_monitor_debug_exceptions),
            enable,
            "debug exception");

    public void MonitorSingleStep(bool enable) =>
        Switched(XenCtrl.xc_monitor_singlestep(_xen, _domain.Id, enable), nameof(XenCtrl.xc_monitor_singlestep), enable, "single step");

    public void MonitorDescriptorAccess(bool enable) =>
        Switched(
            XenCtrl.xc_monitor_descriptor_access(_xen, _domain.Id, enable),
            nameof(XenCtrl.xc_monitor_descriptor_access),
            enable,
            "descriptor access");

    public void MonitorGuestRequest(bool enable, bool sync, bool allowUserspace) =>
        Switched(
            XenCtrl.xc_monitor_guest_request(_xen, _domain.Id, enable, sync, allowUserspace),
            nameof(XenCtrl.xc_monitor_guest_request),
            enable,
            "guest request");

    public void MonitorPrivilegedCall(bool enable) =>
        Switched(
            XenCtrl.xc_monitor_privileged_call(_xen, _domain.Id, enable),
            nameof(XenCtrl.xc_monitor_privileged_call),
            enable,
            "privileged call");

    public void MonitorEmulUnimplemented(bool enable) =>
        Switched(
            XenCtrl.xc_monitor_emul_unimplemented(_xen, _domain.Id, enable),
            nameof(XenCtrl.xc_monitor_emul_unimplemented),
            enable,
            "unimplemented instruction");

    public void MonitorVmExit(bool enable, bool sync)
    {
        Require(nameof(XenCtrl.xc_monitor_vmexit), "raise events for exits from guest mode", "They need Xen 4.17 or later");
        Switched(XenCtrl.xc_monitor_vmexit(_xen, _domain.Id, enable, sync), nameof(XenCtrl.xc_monitor_vmexit), enable, "guest mode exit");
    }

    public void MonitorIo(bool enable)
    {
        Require(nameof(XenCtrl.xc_monitor_io), "raise events for I/O instructions", "They need Xen 4.18 or later");
        Switched(XenCtrl.xc_monitor_io(_xen, _domain.Id, enable), nameof(XenCtrl.xc_monitor_io), enable, "I/O");
    }

    public void WhilePaused(Action action) => XenPause.While(_xen, _domain, _errors, action);

    public void InjectTrap(uint vcpu, TrapInjection trap)
    {
        if (XenLibraries.XenCtrlHas(nameof(XenCtrl.xc_hvm_inject_trap)))
        {
            if (XenCtrl.xc_hvm_inject_trap(
                _xen, _domain.Id, (int)vcpu, trap.Vector, trap.Type, NoErrorCode, trap.InstructionLength, trap.Extra) < 0)
            {
                throw Failure(nameof(XenCtrl.xc_hvm_inject_trap), "inject an exception");
            }
        }
        else if (XenDeviceModel.xendevicemodel_inject_event(
            OpenDeviceModel(), (ushort)_domain.Id, (int)vcpu, trap.Vector, trap.Type, NoErrorCode, trap.InstructionLength, trap.Extra) < 0)
        {
            throw Failure(nameof(XenDeviceModel.xendevicemodel_inject_event), "inject an exception");
        }
    }

    public IBreakpointNote NoteBreakpoint(BreakpointPlace place) => BreakpointNote.Write(_domain, place);

    public void SetSingleStep(uint vcpu, bool enable) => DomainSettings.SetSingleStep(_xen, _domain, _errors, vcpu, enable);

    public VCpuState GetVCpuState(uint vcpu)
    {
        if (XenCtrl.xc_vcpu_getinfo(_xen, _domain.Id, vcpu, out VCpuInfo info) < 0)
            throw Failure(nameof(XenCtrl.xc_vcpu_getinfo), "read the state of a vCPU");
        return info.State;
    }

    public bool IsDeliveringInterrupt(uint vcpu) =>
        ProcessorState.Read(_xen, _domain, _errors, vcpu, stackalloc byte[ProcessorState.MaximumBytes]).HasPendingInterrupt;

    public void Disable()
    {
        // A notification in another thread can take two of Xen's locks in the opposite order and so deadlock the host.
        // Only the pump's thread notifies, and only it gets here.
        if (_disabled) return;
        if (!IsConnected)
        {
            _disabled = true; // Somebody else disabled it; whatever is enabled now is not ours.
            return;
        }

        if (XenCtrl.xc_monitor_disable(_xen, _domain.Id) < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            bool gone = (Errno)errno is Errno.ESRCH; // Then there is nothing left to disable.
            if (!gone) throw _errors.Of(nameof(XenCtrl.xc_monitor_disable), errno, $"disable the monitor of {_domain}", _domain);
        }

        _disabled = true;
    }

    public void Dispose()
    {
        (_ports as IDisposable)?.Dispose();
        _channel.Dispose();
        _deviceModel?.Dispose();
        _memoryType?.Dispose();
        _xen.Dispose();
    }

    /// <returns>Null if the domain is gone.</returns>
    private DomainInfo? GetDomainInfo()
    {
        int count = XenCtrl.xc_domain_getinfolist(_xen, _domain.Id, 1, out DomainInfo info);
        if (count < 0) throw Failure(nameof(XenCtrl.xc_domain_getinfolist), "read the state");
        return count == 1 && info.Domain == _domain.Id ? info : null;
    }

    private XenDeviceModelHandle OpenDeviceModel()
    {
        if (_deviceModel is not null) return _deviceModel;
        XenLibraries.LoadDeviceModel();
        return _deviceModel = XenDeviceModelHandle.Open();
    }

    private void Require(string function, string ability, string needs)
    {
        if (!XenLibraries.XenCtrlHas(function)) throw _errors.OfMissing(function, ability, needs);
    }

    private void Switched(int result, string call, bool enable, string events)
    {
        if (result >= 0) return;
        int errno = Marshal.GetLastPInvokeError();
        throw _errors.OfSwitching(call, errno, $"switch {events} events {(enable ? "on" : "off")} for {_domain}", _domain);
    }

    private XenException Failure(string call, string what)
    {
        int errno = Marshal.GetLastPInvokeError();
        return _errors.Of(call, errno, $"{what} of {_domain}", _domain);
    }

    /// <summary>
    /// EINVAL and ESRCH have several causes: the pages, the hardware, a permission that this Xen does not support, a
    /// domain that is gone.
    /// </summary>
    private XenException MemAccessFailure(string call, int errno, MemAccess? access, ulong firstGfn, uint count)
    {
        string what = $"{(access is null ? "read" : "set")} the page access of {_domain}";

        // If the default can be read, the domain exists and its hardware supports page access.
        if ((Errno)errno is not (Errno.EINVAL or Errno.ESRCH) || XenCtrl.xc_get_mem_access(_xen, _domain.Id, DefaultForNewPages, out _) < 0)
            return _errors.OfMemAccess(call, errno, what, _domain);

        ulong highest = MaximumGfn;
        bool withinGuest = firstGfn == DefaultForNewPages || (firstGfn <= highest && count - 1UL <= highest - firstGfn);
        if (withinGuest && (Errno)errno == Errno.EINVAL)
        {
            return new XenException(
                XenErrorId.NotSupported, call, Errno.EINVAL, $"Cannot {what}: this Xen does not support the permission {access}.", "Choose another permission.");
        }

        string pages = count == 1 ? $"gfn 0x{firstGfn:x}" : $"all {count} pages from gfn 0x{firstGfn:x} on";
        return new XenException(
            XenErrorId.InvalidGfn,
            call,
            (Errno)errno,
            $"Cannot {what}: it does not have {pages}.",
            $"Choose pages that the guest has; its highest gfn is 0x{highest:x}.");
    }
}
