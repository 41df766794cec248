using System.Globalization;
using System.Text;

namespace XenVmEvent.Events;

/// <summary>A vCPU's registers at the moment of an event.</summary>
public abstract class VCpuRegisters : IFormattable
{
    private readonly VmEvent _event;

    private protected VCpuRegisters(VmEvent vmEvent) => _event = vmEvent;

    private protected Abi.RequestReader Request => _event.Request;

    private protected ulong this[Abi.VmEventField field] => _event.Request.UInt64(field);

    /// <summary>All registers in one line.</summary>
    public override string ToString() => ToString(null, null);

    /// <summary>All registers as text.</summary>
    /// <param name="format">
    /// "L": two on each line, which fits a list view of 80 columns. Otherwise all on one line.
    /// </param>
    /// <param name="formatProvider">Has no effect.</param>
    public string ToString(string? format, IFormatProvider? formatProvider)
    {
        const int perLine = 2;
        bool inLines = format == "L";
        StringBuilder text = new();
        int count = 0;
        foreach ((string name, ulong value) in Numbers())
        {
            if (count > 0) text.Append(inLines && count % perLine == 0 ? "\n" : "  ");
            text.Append(inLines ? name.PadRight(7) : name + " ").Append(value.ToString("x16", CultureInfo.InvariantCulture));
            count++;
        }

        foreach (string other in Others()) text.Append(inLines ? "\n" : "  ").Append(other);
        return text.ToString();
    }

    /// <summary>The registers that are one number, in the order in which they are shown.</summary>
    private protected abstract IEnumerable<(string Name, ulong Value)> Numbers();

    /// <summary>The rest of the vCPU's state, as text.</summary>
    private protected virtual IEnumerable<string> Others() => [];
}
