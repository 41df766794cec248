using System.Globalization;
using System.Text;

namespace XenVmEvent.Events;

/// <summary>A vCPU's registers at the moment of an event.</summary>
public abstract class VCpuRegisters
{
    private readonly VmEvent _event;

    private protected VCpuRegisters(VmEvent vmEvent) => _event = vmEvent;

    private protected Abi.RequestView Request => _event.Request;

    private protected ulong this[Abi.VmEventField field] => _event.Request.UInt64(field);

    /// <summary>Lines of registers, two a line: a list view of 80 columns has room for them.</summary>
    private protected static string Lines(params ReadOnlySpan<(string Name, ulong Value)> registers)
    {
        const int perLine = 2;
        StringBuilder text = new();
        for (int i = 0; i < registers.Length; i++)
        {
            if (i > 0) text.Append(i % perLine == 0 ? "\n" : "  ");
            text.Append(CultureInfo.InvariantCulture, $"{registers[i].Name,-7}{registers[i].Value:x16}");
        }

        return text.ToString();
    }
}
