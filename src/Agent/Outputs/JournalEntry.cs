using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using XenVmEvent.Events;

namespace XenVmEvent.Agent;

/// <summary>An entry in the journal's own protocol. Values have bounded lengths, and nothing in them can end a field.</summary>
internal sealed class JournalEntry
{
    /// <summary>The longest value of a field in bytes; a longer one is cut.</summary>
    public const int LongestValue = 2048;

    private const int Critical = 2, Warning = 4, Notice = 5, Info = 6;

    private readonly ArrayBufferWriter<byte> _bytes = new(1024);

    /// <summary>The entry of an event, or of a note of what is missing.</summary>
    public static ReadOnlyMemory<byte> Of(OutgoingEvent outgoing)
    {
        JournalEntry entry = new();
        entry.Add("SYSLOG_IDENTIFIER", "xenvmevent");
        if (outgoing.Event is { } vmEvent) entry.Describe(vmEvent);
        else if (outgoing.Loss is { } loss) entry.Describe(loss);
        return entry._bytes.WrittenMemory;
    }

    /// <summary>The journal's priority for a severity; that of no rule is informational.</summary>
    internal static int PriorityOf(RuleSeverity? severity) => severity switch
    {
        RuleSeverity.Critical => Critical,
        RuleSeverity.Warning => Warning,
        RuleSeverity.Notice => Notice,
        _ => Info,
    };

    private void Describe(VmEvent vmEvent)
    {
        string rule = vmEvent.Rule is { } name ? $"{name}: " : "";
        string response = vmEvent.Response is { } given ? $" -> {given.Name}" : "";
        string message = vmEvent.RuleMessage is { } said ? $" ({said})" : "";
        Add("MESSAGE", Visible($"{rule}{vmEvent}{response}{message}"));
        Add("PRIORITY", PriorityOf(vmEvent.Severity).ToString(CultureInfo.InvariantCulture));
        Add("XEN_DOMAIN", vmEvent.Domain);
        Add("XEN_DOMAIN_ID", vmEvent.DomainId.ToString(CultureInfo.InvariantCulture));
        Add("XEN_VCPU", vmEvent.VCpu.ToString(CultureInfo.InvariantCulture));
        Add("XEN_EVENT", vmEvent.Kind.ToString());
        Add("XEN_EVENT_TIME", vmEvent.Time.ToString("O", CultureInfo.InvariantCulture));
        Add("XEN_INSTRUCTION_POINTER", $"0x{vmEvent.InstructionPointer:x}");
        Add("XEN_DETAILS", vmEvent.Details);
        Add("XEN_POLICY", vmEvent.Policy);
        Add("XEN_RULE", vmEvent.Rule);
        Add("XEN_RULE_MESSAGE", vmEvent.RuleMessage);
        Add("XEN_SEVERITY", vmEvent.Severity?.ToString());
        Add("XEN_RESPONSE", vmEvent.Response?.Name);
        Add("XEN_RESPONSE_STATE", vmEvent.ResponseState.ToString());
    }

    private void Describe(EventLoss loss)
    {
        string events = loss.Events.ToString(CultureInfo.InvariantCulture);
        Add("MESSAGE", Visible($"{events} events of {loss.Domain} are missing from {loss.From:O} to {loss.To:O}: {loss.Reason}"));
        Add("PRIORITY", Warning.ToString(CultureInfo.InvariantCulture));
        Add("XEN_DOMAIN", loss.Domain);
        Add("XEN_DOMAIN_ID", loss.DomainId.ToString(CultureInfo.InvariantCulture));
        Add("XEN_LOST", events);
        Add("XEN_LOST_REASON", loss.Reason.ToString());
    }

    /// <summary>The name, the length and the bytes of the value, whatever these are.</summary>
    private void Add(string name, string? value)
    {
        if (value is null) return;
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        int length = bytes.Length;
        if (length > LongestValue)
        {
            // Not in the middle of a character.
            length = LongestValue;
            while ((bytes[length] & 0xc0) == 0x80) length--;
        }

        _bytes.Write(Encoding.ASCII.GetBytes(name));
        _bytes.Write("\n"u8);
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.GetSpan(sizeof(ulong)), (ulong)length);
        _bytes.Advance(sizeof(ulong));
        _bytes.Write(bytes.AsSpan(0, length));
        _bytes.Write("\n"u8);
    }

    /// <summary>A line that no terminal takes for more than text.</summary>
    private static string Visible(string text)
    {
        if (!text.Any(char.IsControl)) return text;
        StringBuilder visible = new();
        foreach (char letter in text) visible.Append(char.IsControl(letter) ? $"\\x{(int)letter:x2}" : letter.ToString());
        return visible.ToString();
    }
}
