using System.Buffers;
using System.Globalization;
using System.Text.Json;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>
/// Writes events as JSON, one object per line: fields for people and for jq, and the data from which
/// <see cref="RecordingReader"/> makes the same event again. Addresses, masks and register values are hexadecimal
/// strings. See docs/recording.md.
/// </summary>
public sealed class EventLineWriter : IDisposable
{
    private readonly IBufferWriter<byte> _output;
    private readonly Utf8JsonWriter _json;
    private readonly LossMarks _losses;

    /// <summary>The beginning of every event's line.</summary>
    internal static ReadOnlySpan<byte> Beginning => "{\"time\":"u8;

    /// <summary>Writes lines to a buffer.</summary>
    public EventLineWriter(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        _output = output;
        _json = new Utf8JsonWriter(output);
        _losses = new LossMarks(Write);
    }

    /// <summary>Appends an event's line.</summary>
    public void Write(VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("time"u8, vmEvent.Time);
        _json.WriteString("domain"u8, vmEvent.Domain);
        _json.WriteNumber("domainId"u8, vmEvent.DomainId);
        _json.WriteNumber("vcpu"u8, vmEvent.VCpu);
        _json.WriteString("kind"u8, vmEvent.Kind.ToString());
        Hex("instructionPointer"u8, vmEvent.InstructionPointer);
        if (vmEvent.Symbol is { } symbol) _json.WriteString("symbol"u8, symbol);
        if (vmEvent.Instruction is { } instruction) _json.WriteString("instruction"u8, instruction);
        WriteOwnFields(vmEvent);
        WriteResponse(vmEvent);
        WriteRule(vmEvent.RuleMark);
        _json.WriteNumber("interfaceVersion"u8, vmEvent.Request.Layout.Version);
        _json.WriteString("architecture"u8, vmEvent.Architecture.ToString());
        _json.WriteBase64String("request"u8, vmEvent.Request.Bytes);
        _json.WriteEndObject();
        _json.Flush();
        _output.Write("\n"u8);
    }

    /// <summary>Appends a line that marks missing events.</summary>
    public void Write(EventLoss loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteNumber("lost"u8, loss.Events);
        _json.WriteString("reason"u8, loss.Reason.ToString());
        _json.WriteString("from"u8, loss.From);
        _json.WriteString("to"u8, loss.To);
        _json.WriteString("domain"u8, loss.Domain);
        _json.WriteNumber("domainId"u8, loss.DomainId);
        _json.WriteEndObject();
        _json.Flush();
        _output.Write("\n"u8);
    }

    /// <summary>Appends lines for the events lost before an event, if any; to be called when the event comes.</summary>
    public void WriteLossesBefore(VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        _losses.WriteBefore(vmEvent);
    }

    /// <summary>The same for the events lost since, when no more events come.</summary>
    public void WriteLastLosses() => _losses.WriteRest();

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    private void WriteResponse(VmEvent vmEvent)
    {
        // The state first: a response that comes just now must not be combined with the previous state.
        ResponseState state = vmEvent.ResponseState;
        _json.WriteString("response"u8, state == ResponseState.Held ? null : vmEvent.Response?.Name);
        _json.WriteString("responseState"u8, state.ToString());
        if (vmEvent.HandlingTime is { } time && state != ResponseState.Held)
        {
            _json.WriteNumber("handlingMicroseconds"u8, Microseconds(time));
        }
    }

    private void WriteRule(RuleMark? mark)
    {
        if (mark is null) return;
        _json.WriteString("policy"u8, mark.Policy);
        _json.WriteString("rule"u8, mark.Rule);
        _json.WriteString("severity"u8, mark.Severity.ToString());
        if (mark.Message is { } message) _json.WriteString("ruleMessage"u8, message);
    }

    private void WriteOwnFields(VmEvent vmEvent)
    {
        switch (vmEvent)
        {
            case MemAccessEvent e:
                Hex("gfn"u8, e.Gfn);
                Hex("offset"u8, e.Offset);
                if ((e.Flags & MemAccessFlags.GlaValid) != 0) Hex("linearAddress"u8, e.LinearAddress);
                _json.WriteString("access"u8, e.Access.ToString());
                _json.WriteNumber("view"u8, e.View);
                break;
            case SingleStepEvent e:
                Hex("gfn"u8, e.Gfn);
                _json.WriteNumber("view"u8, e.View);
                break;
            case CpuidEvent e:
                Hex("leaf"u8, e.Leaf);
                Hex("subleaf"u8, e.Subleaf);
                break;
            case WriteControlRegisterEvent e:
                _json.WriteString("register"u8, e.Register.ToString());
                Hex("oldValue"u8, e.OldValue);
                Hex("newValue"u8, e.NewValue);
                break;
            case MovToMsrEvent e:
                Hex("msr"u8, e.Msr);
                Hex("oldValue"u8, e.OldValue);
                Hex("newValue"u8, e.NewValue);
                break;
            case SoftwareBreakpointEvent e:
                Hex("gfn"u8, e.Gfn);
                _json.WriteNumber("instructionLength"u8, e.InstructionLength);
                break;
            case DebugExceptionEvent e:
                Hex("gfn"u8, e.Gfn);
                Hex("pendingDebug"u8, e.PendingDebug);
                break;
            case DescriptorAccessEvent e:
                _json.WriteString("descriptor"u8, e.Descriptor.ToString());
                _json.WriteBoolean("isWrite"u8, e.IsWrite);
                break;
            case InterruptEvent e:
                _json.WriteNumber("vector"u8, e.Vector);
                _json.WriteNumber("type"u8, e.InterruptType);
                Hex("errorCode"u8, e.ErrorCode);
                Hex("cr2"u8, e.Cr2);
                break;
            case VmExitEvent e:
                _json.WriteNumber("reason"u8, e.Reason);
                Hex("qualification"u8, e.Qualification);
                break;
            case IoEvent e:
                Hex("port"u8, e.Port);
                _json.WriteNumber("bytes"u8, e.Bytes);
                _json.WriteBoolean("isIn"u8, e.IsIn);
                _json.WriteBoolean("isString"u8, e.IsString);
                break;
            case MemPagingEvent e:
                Hex("gfn"u8, e.Gfn);
                _json.WriteString("flags"u8, e.Flags.ToString());
                break;
            case MemSharingEvent e:
                Hex("gfn"u8, e.Gfn);
                break;
            case UnknownEvent e:
                _json.WriteNumber("reason"u8, e.Reason);
                break;
        }
    }

    /// <summary>With tenths, even if they are 0: a column of numbers has one type.</summary>
    private static decimal Microseconds(TimeSpan time) => new((int)time.Ticks, (int)(time.Ticks >> 32), 0, isNegative: false, scale: 1);

    private void Hex(ReadOnlySpan<byte> name, ulong value)
    {
        Span<char> text = stackalloc char[18];
        text.TryWrite(CultureInfo.InvariantCulture, $"0x{value:x}", out int length);
        _json.WriteString(name, text[..length]);
    }
}
