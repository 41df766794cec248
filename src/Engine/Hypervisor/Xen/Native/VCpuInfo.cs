using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// The record that <c>xc_vcpu_getinfo</c> returns: <c>xen_domctl_getvcpuinfo</c>, the same from Xen 4.12 to 4.22.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VCpuInfo
{
    public uint VCpu;
    public byte Online;
    public byte Blocked;
    public byte Running;

    /// <summary>How long it has run, in nanoseconds. Aligned to 8 bytes.</summary>
    public ulong CpuTime;

    public uint Cpu;

    public readonly VCpuState State => new(CpuTime, Running != 0, Blocked != 0 || Online == 0);
}
