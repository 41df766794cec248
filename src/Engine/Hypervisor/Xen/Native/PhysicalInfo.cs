using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// The record that <c>xc_physinfo</c> returns: <c>xen_sysctl_physinfo</c> of Xen 4.12 to 4.22, which has had two more
/// words since 4.17, with room for later ones.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PhysicalInfo
{
    private const int CapabilitiesWord = 7;
    private const int FirstFeatureWord = 18;
    private const int FirstFeatureWordSince417 = 20;
    private const uint Hvm = 1 << 0;
    private const uint NestedPaging = 1 << 3;

    private Words _words;

    public readonly bool HasHvm => (_words[CapabilitiesWord] & Hvm) != 0;

    /// <summary>Null before Xen 4.13, which does not tell.</summary>
    public readonly bool? HasNestedPaging(XenVersion version) =>
        version.IsAtLeast4(13) ? (_words[CapabilitiesWord] & NestedPaging) != 0 : null;

    /// <summary>Of an x86 processor: ECX of CPUID leaves 1 and 0x80000001.</summary>
    public readonly Virtualization Virtualization(XenVersion version)
    {
        int features = version.IsAtLeast4(17) ? FirstFeatureWordSince417 : FirstFeatureWord;
        if ((_words[features + 1] & (1 << 5)) != 0) return Hypervisor.Virtualization.VTx;
        return (_words[features + 3] & (1 << 2)) != 0 ? Hypervisor.Virtualization.Svm : Hypervisor.Virtualization.None;
    }

    [InlineArray(64)]
    private struct Words
    {
        private uint _first;
    }
}
