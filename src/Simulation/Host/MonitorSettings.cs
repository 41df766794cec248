using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// Which events of a domain are switched on. Changed under the domain's gate; a vCPU may read without it.
/// </summary>
internal sealed class MonitorSettings
{
    private readonly ControlRegisterOptions?[] _controlRegisters = new ControlRegisterOptions?[4];
    private readonly Dictionary<uint, bool> _msrs = [];

    public bool DefersRegisterWrites;
    public bool IgnoresPageWalks;
    public bool Cpuid;
    public bool SoftwareBreakpoint;
    public bool SingleStep;
    public bool DescriptorAccess;
    public bool EmulUnimplemented;
    public bool Io;
    public bool PrivilegedCall;
    public bool DebugException;
    public bool DebugExceptionSync;
    public bool GuestRequest;
    public bool GuestRequestSync;
    public bool GuestRequestFromUserspace;
    public bool VmExit;
    public bool VmExitSync;

    /// <summary>How writes of a control register are watched; null if they are not.</summary>
    public ControlRegisterOptions? this[ControlRegister register]
    {
        get => _controlRegisters[(int)register];
        set => _controlRegisters[(int)register] = value;
    }

    public bool WatchesAnyMsr => _msrs.Count > 0;

    public bool Watches(uint msr) => _msrs.ContainsKey(msr);

    public void Watch(uint msr, bool onChangeOnly) => _msrs[msr] = onChangeOnly;

    public void Unwatch(uint msr) => _msrs.Remove(msr);

    /// <summary>
    /// Whether a write raises an event. A write that changes no bit, or only ignored bits, never does.
    /// </summary>
    public bool Reports(ControlRegister register, ulong value, ulong old) =>
        this[register] is { } options && ((value ^ old) & ~options.IgnoredBits) != 0;

    public bool Reports(uint msr, ulong value, ulong old) =>
        _msrs.TryGetValue(msr, out bool onChangeOnly) && (!onChangeOnly || value != old);

    /// <summary>Whether any kind of event is switched on.</summary>
    public bool WatchesAnything =>
        Cpuid || SoftwareBreakpoint || SingleStep || DescriptorAccess || EmulUnimplemented || Io || PrivilegedCall || DebugException
        || GuestRequest || VmExit || WatchesAnyMsr || Array.Exists(_controlRegisters, o => o is not null);

    /// <summary>Switches everything off.</summary>
    public void Reset()
    {
        Array.Clear(_controlRegisters);
        _msrs.Clear();
        DefersRegisterWrites = false;
        IgnoresPageWalks = Cpuid = SoftwareBreakpoint = SingleStep = DescriptorAccess = EmulUnimplemented = Io = PrivilegedCall = false;
        DebugException = DebugExceptionSync = GuestRequest = GuestRequestSync = GuestRequestFromUserspace = VmExit = VmExitSync = false;
    }
}
