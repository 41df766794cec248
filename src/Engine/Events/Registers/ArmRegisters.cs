using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>The registers of a vCPU that Xen reports on arm64.</summary>
public sealed class ArmRegisters : VCpuRegisters
{
    internal ArmRegisters(VmEvent vmEvent) : base(vmEvent)
    {
    }

    /// <summary>The program counter.</summary>
    public ulong Pc => this[VmEventField.ArmPc];

    /// <summary>The current program status register.</summary>
    public uint Cpsr => (uint)this[VmEventField.ArmCpsr];

    /// <summary>Translation table base register 0.</summary>
    public ulong Ttbr0 => this[VmEventField.ArmTtbr0];

    /// <summary>Translation table base register 1.</summary>
    public ulong Ttbr1 => this[VmEventField.ArmTtbr1];

    /// <summary>Translation table base control register.</summary>
    public ulong Ttbcr => this[VmEventField.ArmTtbcr];

    private protected override IEnumerable<(string Name, ulong Value)> Numbers() =>
        [("pc", Pc), ("cpsr", Cpsr), ("ttbcr", Ttbcr), ("ttbr0", Ttbr0), ("ttbr1", Ttbr1)];
}
