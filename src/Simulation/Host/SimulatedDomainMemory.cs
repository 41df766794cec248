using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>The memory of a simulated domain, for others.</summary>
internal sealed class SimulatedDomainMemory(SimulatedDomain domain) : IDomainMemory
{
    public bool TryRead(ulong address, Span<byte> into)
    {
        ThrowIfGone("xc_map_foreign_range");
        return domain.Memory.TryRead(address, into);
    }

    public PagingRegisters GetPagingRegisters(uint vcpu)
    {
        ThrowIfGone("xc_domain_hvm_getcontext_partial");
        if (domain.Architecture != GuestArchitecture.X86) throw PagingRegisters.NotX86();
        if (vcpu >= domain.VCpus.Count) throw Refusal.NoSuchVCpu(domain.Identity, vcpu, "xc_domain_hvm_getcontext_partial");
        GuestRegisters registers = domain.VCpus[(int)vcpu].Registers;
        lock (domain.Gate)
        {
            return new PagingRegisters(
                registers[ControlRegister.CR0], registers[ControlRegister.CR3], registers[ControlRegister.CR4], registers.Msrs[Msr.Efer]);
        }
    }

    public ulong GetSyscallEntry(uint vcpu)
    {
        GetPagingRegisters(vcpu);
        return domain.VCpus[(int)vcpu].GetMsr(Msr.Lstar);
    }

    public bool TryReplace(ulong address, byte expected, byte value)
    {
        ThrowIfGone("xc_map_foreign_range");
        domain.Faults.ThrowIfRefused("xc_map_foreign_range");
        return domain.Memory.TryReplace(address, expected, value);
    }

    public void Dispose()
    {
    }

    private void ThrowIfGone(string call)
    {
        if (!domain.IsAlive) throw Refusal.Gone(domain.Identity, call, domain.EndedBecause);
    }
}
