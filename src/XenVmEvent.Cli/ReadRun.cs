using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Memory;

namespace XenVmEvent.Cli;

/// <summary>Shows a guest's memory, 16 bytes a line: the address, the bytes in hex and as ASCII.</summary>
internal sealed class ReadRun(string name, ulong address, bool isVirtual, uint vcpu, int length, bool simulate)
{
    private const int LineBytes = 16;

    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using IHypervisor hypervisor = simulate ? new SimulatedHypervisor() : XenHypervisor.Connect();
        using IDomainMemory memory = hypervisor.OpenMemory(hypervisor.FindDomain(name));
        byte[] bytes = isVirtual ? memory.ReadVirtual(vcpu, address, length) : memory.ReadPhysical(address, length);
        for (int i = 0; i < length; i += LineBytes) Console.Out.WriteLine(Line(unchecked(address + (ulong)i), bytes.AsSpan(i, Math.Min(LineBytes, length - i))));
        return ExitCode.Success;
    }

    private static string Line(ulong address, ReadOnlySpan<byte> bytes)
    {
        string hex = string.Create(LineBytes * 3, bytes, static (text, bytes) =>
        {
            text.Fill(' ');
            for (int i = 0; i < bytes.Length; i++) bytes[i].TryFormat(text[(i * 3)..], out _, "x2");
        });
        string ascii = string.Create(bytes.Length, bytes, static (text, bytes) =>
        {
            for (int i = 0; i < bytes.Length; i++) text[i] = bytes[i] is >= 0x20 and < 0x7f ? (char)bytes[i] : '.';
        });
        return $"{address:x16}  {hex} {ascii}";
    }
}
