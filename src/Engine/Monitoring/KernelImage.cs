using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>Where a Linux kernel is according to its symbols.</summary>
/// <param name="SyscallEntry">The address of <c>entry_SYSCALL_64</c>, to which its IA32_LSTAR points.</param>
/// <param name="Extent">All of it, which moves together. Modules are elsewhere and move by themselves.</param>
public sealed record KernelImage(ulong SyscallEntry, AddressRange Extent);
