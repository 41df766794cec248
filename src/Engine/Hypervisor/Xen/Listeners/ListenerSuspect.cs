using System.Globalization;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A process that may be a listener.</summary>
internal readonly record struct ListenerSuspect(int ProcessId, string Name)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} (pid {ProcessId})");
}
