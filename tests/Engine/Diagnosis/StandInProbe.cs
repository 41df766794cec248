using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Tests.Diagnosis;

/// <summary>A probe for a host whose properties a test sets.</summary>
internal sealed class StandInProbe : IHostProbe
{
    public static readonly XenException Failure = new(XenErrorId.LibraryMismatch, "xc_call", Errno.EACCES, "It fails.", "Mend it.");

    /// <summary>The step that fails.</summary>
    public string? Fails { get; init; }

    public bool IsRoot { get; init; } = true;

    public HostLibrary? Library { get; init; } = new("libxenctrl.so.4.17", "4.17", "4.17");

    public HostHardware Hardware { get; init; } = new(Virtualization.VTx, HasHvm: true, HasNestedPaging: true, HasAltP2mOption: true);

    public string FindXen() => Step(nameof(FindXen), "Xen 4.17, and this is its dom0");

    public HostLibrary? LoadLibraries() => Step(nameof(LoadLibraries), Library);

    public IReadOnlyList<string> OpenDevices() => Step<IReadOnlyList<string>>(nameof(OpenDevices), ["/dev/xen/privcmd", "xenstore"]);

    public VmEventLayout AskLayout() => Step(nameof(AskLayout), VmEventLayout.ForVersion(7));

    public HostHardware ReadHardware() => Step(nameof(ReadHardware), Hardware);

    private T Step<T>(string name, T result) => Fails == name ? throw Failure : result;
}
