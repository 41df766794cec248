using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>What <c>xc_vcpu_getinfo</c> tells: <c>xen_domctl_getvcpuinfo</c>, the same from Xen 4.12 to 4.22.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VCpuInfo
{
    public uint VCpu;
    public byte Online;
    public byte Blocked;
    public byte Running;

    /// <summary>How long it has run, in nanoseconds. On a boundary of 8 bytes.</summary>
    public ulong CpuTime;

    public uint Cpu;

    public readonly VCpuState State => new(CpuTime, Running != 0, Blocked != 0 || Online == 0);
}
