namespace XenVmEvent.Hypervisor;

/// <summary>An exception to give to a vCPU.</summary>
/// <param name="Vector">1 for #DB, 3 for #BP.</param>
/// <param name="Type">The event type as the request named it (Intel's interruption types).</param>
/// <param name="InstructionLength">Bytes of the instruction that raised it.</param>
/// <param name="Extra">For #DB the pending debug bits; else 0.</param>
public readonly record struct TrapInjection(byte Vector, byte Type, byte InstructionLength, ulong Extra = 0);
