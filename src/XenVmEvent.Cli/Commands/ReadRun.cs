using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Memory;

namespace XenVmEvent.Cli;

/// <summary>Shows a guest's memory.</summary>
internal sealed class ReadRun(string name, ulong address, bool isVirtual, uint vcpu, int length, MemoryFormat format, bool simulate)
{
    private const int BrokenPipe = 32;

    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using IHypervisor hypervisor = simulate ? new SimulatedHypervisor() : XenHypervisor.Connect();
        using IDomainMemory memory = hypervisor.OpenMemory(hypervisor.FindDomain(name));
        byte[] bytes = isVirtual ? memory.ReadVirtual(vcpu, address, length) : memory.ReadPhysical(address, length);
        try
        {
            using Stream output = StandardOutput.Open();
            MemoryWriter.Write(output, address, bytes, format);
        }
        catch (IOException e) when (e.HResult == BrokenPipe)
        {
            // Whoever read our output wants no more of it.
        }

        return ExitCode.Success;
    }
}
