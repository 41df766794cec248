using System.Runtime.InteropServices;
using System.Text;
using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>Connects to the Xen of this machine step by step; the machine need not have one.</summary>
public sealed class XenHostProbe : IHostProbe
{
    private readonly string _root;
    private string _library = XenCtrl.Library;

    /// <summary>Touches nothing yet.</summary>
    public XenHostProbe()
        : this("/")
    {
    }

    /// <param name="root">The folder that holds sys and proc.</param>
    internal XenHostProbe(string root) => _root = root;

    /// <inheritdoc/>
    public bool IsRoot => Environment.IsPrivilegedProcess;

    /// <summary>The running Xen release, once Xen was asked for its layout.</summary>
    internal XenVersion Version { get; private set; }

    /// <summary>Makes the errors of calls to this Xen, once it was asked for its layout.</summary>
    internal XenErrors Errors => new(Version, _library);

    /// <inheritdoc/>
    /// <remarks>Even if the kernel shows no files of a dom0, this is a dom0 if Xen answers.</remarks>
    public string FindXen()
    {
        if (Dom0.Explain(_root, failure: null) is { } reason && !Answers()) throw reason;
        XenVersion? version = XenVersion.Read(_root) ?? (Version == default ? null : Version);
        return version is null ? "Xen, and this is its dom0" : $"Xen {version}, and this is its dom0";
    }

    /// <inheritdoc/>
    public HostLibrary? LoadLibraries()
    {
        XenVersion? running = XenVersion.Read(_root);
        _library = XenLibraries.Load(running);
        return new HostLibrary(_library, XenLibraryNames.ReleaseOf(_library)?.ToString(), running?.ToString());
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> OpenDevices()
    {
        XenCtrlHandle.Open().Dispose();
        XenEventChannelHandle.Open().Dispose();
        XenStoreHandle.Open().Dispose();
        return [XenCtrlHandle.Device, XenEventChannelHandle.Device, XenStoreHandle.Daemon];
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Before 4.13 Xen does not report it; another harmless call then shows whether it accepts calls at all.
    /// </remarks>
    public VmEventLayout AskLayout()
    {
        using XenCtrlHandle xen = XenCtrlHandle.Open();
        Version = XenVersion.FromNumber(XenCtrl.xc_version(xen, XenCtrl.VersionNumber, 0));
        return VmEventLayout.ForVersion(AskInterfaceVersion(xen));
    }

    /// <inheritdoc/>
    public HostHardware ReadHardware()
    {
        using XenCtrlHandle xen = XenCtrlHandle.Open();
        if (XenCtrl.xc_physinfo(xen, out PhysicalInfo info) < 0)
            throw Errors.OfConnecting(nameof(XenCtrl.xc_physinfo), Marshal.GetLastPInvokeError());
        bool isArm = XenHypervisor.ProcessorArchitecture == GuestArchitecture.Arm64;
        return new HostHardware(
            isArm ? Virtualization.Arm : info.Virtualization(Version),
            info.HasHvm,
            info.HasNestedPaging(Version),
            XenCommandLine.SwitchesOn(ReadCommandLine(xen), "altp2m"));
    }

    private int AskInterfaceVersion(XenCtrlHandle xen)
    {
        if (XenLibraries.XenCtrlHas(nameof(XenCtrl.xc_vm_event_get_version)))
        {
            int told = XenCtrl.xc_vm_event_get_version(xen);
            return told >= 0 ? told : throw Errors.OfConnecting(nameof(XenCtrl.xc_vm_event_get_version), Marshal.GetLastPInvokeError());
        }

        return XenCtrl.xc_vcpu_getinfo(xen, 0, 0, out _) >= 0
            ? Version.VmEventInterface
            : throw Errors.OfConnecting(nameof(XenCtrl.xc_vcpu_getinfo), Marshal.GetLastPInvokeError());
    }

    private static unsafe string ReadCommandLine(XenCtrlHandle xen)
    {
        Span<byte> text = stackalloc byte[XenCtrl.CommandLineBytes];
        text.Clear();
        fixed (byte* first = text)
        {
            if (XenCtrl.xc_version(xen, XenCtrl.VersionCommandLine, (nint)first) < 0) return "";
        }

        int length = text.IndexOf((byte)0);
        return Encoding.UTF8.GetString(length < 0 ? text : text[..length]);
    }

    private bool Answers()
    {
        try
        {
            LoadLibraries();
            OpenDevices();
            AskLayout();
            return true;
        }
        catch (XenException e) when (e.Id is XenErrorId.XenNotAvailable or XenErrorId.NotPermitted)
        {
            return false;
        }
        catch (XenException)
        {
            // Xen itself has refused, so it is running.
            return true;
        }
    }
}

/// <summary>Xen's command line.</summary>
internal static class XenCommandLine
{
    /// <summary>
    /// Whether it enables a boolean option, as Xen reads it: altp2m, altp2m=1, yes, on, true or enable; the last
    /// occurrence decides.
    /// </summary>
    public static bool SwitchesOn(string commandLine, string option)
    {
        bool on = false;
        foreach (string word in commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word == option) on = true;
            else if (word == "no-" + option) on = false;
            else if (word.StartsWith(option + "=", StringComparison.Ordinal)) on = word[(option.Length + 1)..] is "1" or "yes" or "on" or "true" or "enable";
        }

        return on;
    }
}
