using System.Buffers;
using System.Globalization;
using System.Text.Json;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using Names = XenVmEvent.Recording.EventLineNames;

namespace XenVmEvent.Recording;

/// <summary>
/// Writes events as JSON, one object per line: fields for people and for jq, and the data from which
/// <see cref="RecordingReader"/> makes the same event again. Addresses, masks and register values are hexadecimal
/// strings. See docs/recording.md.
/// </summary>
public sealed class EventLineWriter : IDisposable
{
    /// <summary>The lines are right by construction, and checking costs time for each field.</summary>
    private static readonly JsonWriterOptions Unchecked = new() { SkipValidation = true };

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
        _json = new Utf8JsonWriter(output, Unchecked);
        _losses = new LossMarks(Write);
    }

    /// <summary>Appends an event's line.</summary>
    public void Write(VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString(Names.Time, vmEvent.Time);
        if (vmEvent.HostName is { } host) _json.WriteString(Names.Host, host);
        _json.WriteString(Names.Domain, vmEvent.Domain);
        _json.WriteNumber(Names.DomainId, vmEvent.DomainId);
        _json.WriteNumber(Names.Vcpu, vmEvent.VCpu);
        _json.WriteString(Names.Kind, vmEvent.Kind.ToString());
        Hex(Names.InstructionPointer, vmEvent.InstructionPointer);
        if (vmEvent.Symbol is { } symbol) _json.WriteString(Names.Symbol, symbol);
        if (vmEvent.Instruction is { } instruction) _json.WriteString(Names.Instruction, instruction);
        WriteOwnFields(vmEvent);
        WriteResponse(vmEvent);
        WriteRule(vmEvent.RuleMark);
        _json.WriteNumber(Names.InterfaceVersion, vmEvent.Request.Layout.Version);
        _json.WriteString(Names.Architecture, vmEvent.Architecture.ToString());
        _json.WriteBase64String(Names.Request, vmEvent.Request.Bytes);
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
        _json.WriteNumber(Names.Lost, loss.Events);
        _json.WriteString(Names.Reason, loss.Reason.ToString());
        _json.WriteString(Names.From, loss.From);
        _json.WriteString(Names.To, loss.To);
        if (loss.HostName is { } host) _json.WriteString(Names.Host, host);
        _json.WriteString(Names.Domain, loss.Domain);
        _json.WriteNumber(Names.DomainId, loss.DomainId);
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
        _json.WriteString(Names.Response, state == ResponseState.Held ? null : vmEvent.Response?.Name);
        _json.WriteString(Names.ResponseState, state.ToString());
        if (vmEvent.HandlingTime is { } time && state != ResponseState.Held)
        {
            _json.WriteNumber(Names.HandlingMicroseconds, Microseconds(time));
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
                Hex(Names.Gfn, e.Gfn);
                Hex(Names.Offset, e.Offset);
                if ((e.Flags & MemAccessFlags.GlaValid) != 0) Hex(Names.LinearAddress, e.LinearAddress);
                _json.WriteString(Names.Access, e.Access.ToString());
                _json.WriteNumber(Names.View, e.View);
                break;
            case SingleStepEvent e:
                Hex(Names.Gfn, e.Gfn);
                _json.WriteNumber(Names.View, e.View);
                break;
            case CpuidEvent e:
                Hex(Names.Leaf, e.Leaf);
                Hex(Names.Subleaf, e.Subleaf);
                break;
            case WriteControlRegisterEvent e:
                _json.WriteString(Names.Register, e.Register.ToString());
                Hex(Names.OldValue, e.OldValue);
                Hex(Names.NewValue, e.NewValue);
                break;
            case MovToMsrEvent e:
                Hex(Names.Msr, e.Msr);
                Hex(Names.OldValue, e.OldValue);
                Hex(Names.NewValue, e.NewValue);
                break;
            case SoftwareBreakpointEvent e:
                Hex(Names.Gfn, e.Gfn);
                _json.WriteNumber(Names.InstructionLength, e.InstructionLength);
                break;
            case DebugExceptionEvent e:
                Hex(Names.Gfn, e.Gfn);
                Hex(Names.PendingDebug, e.PendingDebug);
                break;
            case DescriptorAccessEvent e:
                _json.WriteString(Names.Descriptor, e.Descriptor.ToString());
                _json.WriteBoolean(Names.IsWrite, e.IsWrite);
                break;
            case InterruptEvent e:
                _json.WriteNumber(Names.Vector, e.Vector);
                _json.WriteNumber(Names.Type, e.InterruptType);
                Hex(Names.ErrorCode, e.ErrorCode);
                Hex(Names.Cr2, e.Cr2);
                break;
            case VmExitEvent e:
                _json.WriteNumber(Names.Reason, e.Reason);
                Hex(Names.Qualification, e.Qualification);
                break;
            case IoEvent e:
                Hex(Names.Port, e.Port);
                _json.WriteNumber(Names.Bytes, e.Bytes);
                _json.WriteBoolean(Names.IsIn, e.IsIn);
                _json.WriteBoolean(Names.IsString, e.IsString);
                break;
            case MemPagingEvent e:
                Hex(Names.Gfn, e.Gfn);
                _json.WriteString(Names.Flags, e.Flags.ToString());
                break;
            case MemSharingEvent e:
                Hex(Names.Gfn, e.Gfn);
                break;
            case UnknownEvent e:
                _json.WriteNumber(Names.Reason, e.Reason);
                break;
        }
    }

    /// <summary>With tenths, even if they are 0: a column of numbers has one type.</summary>
    private static decimal Microseconds(TimeSpan time) => new((int)time.Ticks, (int)(time.Ticks >> 32), 0, isNegative: false, scale: 1);

    private void Hex(JsonEncodedText name, ulong value)
    {
        Span<byte> text = stackalloc byte[18];
        text[0] = (byte)'0';
        text[1] = (byte)'x';
        value.TryFormat(text[2..], out int digits, "x", CultureInfo.InvariantCulture);
        _json.WriteString(name, text[..(2 + digits)]);
    }
}
