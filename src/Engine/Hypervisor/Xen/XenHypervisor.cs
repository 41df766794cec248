using System.Runtime.InteropServices;
using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The Xen of which this machine is the dom0.</summary>
public sealed class XenHypervisor : IHypervisor
{
    private readonly XenVersion _version;
    private readonly DomainDirectory _directory;
    private readonly XenErrors _errors;

    private XenHypervisor(XenVersion version, VmEventLayout layout, DomainDirectory directory, XenErrors errors)
    {
        _version = version;
        Layout = layout;
        _directory = directory;
        _errors = errors;
    }

    /// <inheritdoc/>
    public string Description => $"Xen {_version}";

    /// <inheritdoc/>
    public VmEventLayout Layout { get; }

    /// <inheritdoc/>
    public GuestArchitecture Architecture => ProcessorArchitecture;

    /// <inheritdoc/>
    public IHostProbe Probe => new XenHostProbe();

    /// <summary>Guests have the architecture of the processor that they and this program run on.</summary>
    internal static GuestArchitecture ProcessorArchitecture =>
        RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? GuestArchitecture.Arm64 : GuestArchitecture.X86;

    /// <summary>Connects to the Xen of this machine: loads its libraries and asks it for its version.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.XenNotAvailable"/>, <see cref="XenErrorId.NotPermitted"/>,
    /// <see cref="XenErrorId.LibraryMismatch"/> or <see cref="XenErrorId.UnknownInterfaceVersion"/>.
    /// </exception>
    public static XenHypervisor Connect()
    {
        try
        {
            return ConnectToXen();
        }
        catch (XenException failure) when (failure.Id is XenErrorId.XenNotAvailable or XenErrorId.NotPermitted)
        {
            throw Dom0.Explain("/", failure) ?? failure;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<XenDomain> GetDomains() => _directory.List();

    /// <inheritdoc/>
    public DomainState? StateOf(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return _directory.StateOf(domain);
    }

    /// <inheritdoc/>
    public IDomainListWatch WatchDomains() => new XenDomainListWatch(_directory);

    /// <inheritdoc/>
    public IDomainMonitor EnableMonitor(XenDomain domain, ChannelPreference channel)
    {
        ArgumentNullException.ThrowIfNull(domain);
        XenDomain monitored = FindMonitorable(domain);
        bool slotted = ChooseSlotted(monitored, channel);

        XenCtrlHandle xen = XenCtrlHandle.Open();
        XenEventPorts? ports = null;
        XenChannel? enabled = null;
        try
        {
            MonitorCapabilities capabilities = MonitorAbilities.Read(xen, monitored, _errors);
            bool? listened = ListenerState.Read(xen, monitored.Id);
            if (listened == true) throw XenErrors.OfBusy(monitored);
            ports = new XenEventPorts();

            // From here on the guest is changed. It must not run before there is a ring for the events that it may
            // raise immediately.
            XenPause.While(xen, monitored, _errors, pause =>
            {
                enabled = pause.Doubling(() => Enable(xen, monitored, slotted, channel, wasFree: listened == false));
                new BackRing(enabled.Ring, Layout, enabled.Kind == ChannelKind.Ring).Initialise();
                return true;
            });
            ports.Bind(monitored.Id, enabled!);
            return new XenMonitor(xen, monitored, _version, _errors, enabled!, ports, capabilities);
        }
        catch
        {
            // Nothing has notified Xen yet: see XenMonitor.Disable.
            if (enabled is not null) _ = XenCtrl.xc_monitor_disable(xen, monitored.Id);
            ports?.Dispose();
            enabled?.Dispose();
            xen.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void EnsureCanMonitor(XenDomain domain, ChannelPreference channel)
    {
        ArgumentNullException.ThrowIfNull(domain);
        XenDomain monitored = FindMonitorable(domain);
        _ = ChooseSlotted(monitored, channel);
        using XenCtrlHandle xen = XenCtrlHandle.Open();
        _ = MonitorAbilities.Read(xen, monitored, _errors);
    }

    /// <inheritdoc/>
    public IDomainControl Control(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return new XenDomainControl(XenCtrlHandle.Open(), FindMonitorable(domain), _errors);
    }

    /// <inheritdoc/>
    public IRingHandover PrepareHandover(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        XenDomain monitored = FindMonitorable(domain);
        XenCtrlHandle xen = XenCtrlHandle.Open();
        try
        {
            MonitorCapabilities capabilities = MonitorAbilities.Read(xen, monitored, _errors);
            if (ListenerState.Read(xen, monitored.Id) == true) throw XenErrors.OfBusy(monitored);
            return new XenRingHandover(xen, monitored, _version, _errors, XenChannel.MapAhead(xen, monitored, _errors), capabilities);
        }
        catch
        {
            xen.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IDomainMemory OpenMemory(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return new XenDomainMemory(XenCtrlHandle.Open(), FindMonitorable(domain), Architecture, _errors);
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    private static XenHypervisor ConnectToXen()
    {
        XenHostProbe probe = new();
        probe.LoadLibraries();
        probe.OpenDevices(); // Report now, not at the first session, that one cannot be opened.
        VmEventLayout layout = probe.AskLayout();
        return new XenHypervisor(probe.Version, layout, new DomainDirectory(probe.Errors), probe.Errors);
    }

    private static bool HasSlottedCall => XenLibraries.XenCtrlHas(nameof(XenCtrl.xc_monitor_enable_ex));

    /// <summary>The domain as it is now, because the number of vCPUs must be correct.</summary>
    private XenDomain FindMonitorable(XenDomain domain)
    {
        if (domain.Id == 0)
        {
            throw new XenException(
                XenErrorId.DomainNotSupported,
                $"{domain} is dom0, and a domain cannot monitor itself.",
                "Choose one of the guests.",
                task: RemedyTask.ListDomains);
        }

        if (_directory.Find(domain.Id) is not XenDomain current || current.Uuid != domain.Uuid)
        {
            throw new XenException(
                XenErrorId.DomainNotFound, $"The domain {domain} is gone.", "List the running domains.", task: RemedyTask.ListDomains);
        }

        return current.Type != DomainType.PV
            ? current
            : throw new XenException(
                XenErrorId.DomainNotSupported,
                $"{current} is paravirtualised (PV), and Xen raises no events for such guests.",
                "Give it type=\"pvh\" or type=\"hvm\" in its configuration and start it again.");
    }

    private bool ChooseSlotted(XenDomain domain, ChannelPreference channel)
    {
        if (channel == ChannelPreference.Ring) return false;
        bool possible = HasSlottedCall && Layout.Version == 4;
        if (channel == ChannelPreference.Auto) return possible && SlottedChannelRules.IsSafe(domain.VCpus);
        if (!possible)
        {
            throw _errors.OfMissing(
                nameof(XenCtrl.xc_monitor_enable_ex),
                "give each vCPU a slot",
                "The slotted channel needs a Xen 4.12 with the patch for it (vm_event interface version 4); use the ring");
        }

        return SlottedChannelRules.IsSafe(domain.VCpus)
            ? true
            : throw new XenException(
                XenErrorId.NotSupported,
                $"With the {domain.VCpus} vCPUs of {domain} the slotted channel panics the host: hypervisor and library disagree on where the slots are.",
                "Use the ring.",
                task: RemedyTask.UseRing);
    }

    private XenChannel Enable(XenCtrlHandle xen, XenDomain domain, bool slotted, ChannelPreference channel, bool wasFree)
    {
        if (!slotted)
        {
            // If slots are in use, xc_monitor_enable panics the host. So it must be certain that they are not.
            if (HasSlottedCall && !wasFree)
            {
                throw new XenException(
                    XenErrorId.NotSupported,
                    $"Xen does not tell whether {domain} has a listener, and if its slots are in use, the ring would panic the host.",
                    SlottedChannelRules.IsSafe(domain.VCpus) ? "Use the slots." : "Install libxencall1, which is needed to ask Xen, and see 'xl dmesg'.",
                    task: SlottedChannelRules.IsSafe(domain.VCpus) ? RemedyTask.UseSlots : RemedyTask.None);
            }

            return XenChannel.EnableRing(xen, domain, wasFree, _errors);
        }

        if (XenChannel.EnableSlotted(xen, domain, Layout, _errors) is XenChannel slots) return slots;
        return channel == ChannelPreference.Auto
            ? XenChannel.EnableRing(xen, domain, wasFree, _errors)
            : throw new XenException(
                XenErrorId.NotSupported,
                nameof(XenCtrl.xc_monitor_enable_ex),
                Errno.EOPNOTSUPP,
                "The library has the slotted channel, but this Xen does not.",
                "Use the ring, or boot the Xen that the library was built with.");
    }
}
