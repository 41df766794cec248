namespace XenVmEvent.Hypervisor;

/// <summary>Which writes of a control register raise an event.</summary>
/// <param name="IgnoredBits">A write that changes only these bits raises none.</param>
/// <param name="OnChangeOnly">A write of the same value raises none.</param>
/// <param name="Sync">The vCPU waits for an answer, which can deny the write.</param>
public readonly record struct ControlRegisterOptions(ulong IgnoredBits, bool OnChangeOnly, bool Sync);
