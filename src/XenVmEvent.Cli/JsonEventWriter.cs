using System.Buffers;
using System.Globalization;
using System.Text.Json;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Cli;

/// <summary>Prints events as one JSON object a line. Addresses, masks and register values are hexadecimal strings.</summary>
internal sealed class JsonEventWriter : IEventWriter, IDisposable
{
    private const int FlushAt = 64 * 1024;

    private readonly Stream _output;
    private readonly ArrayBufferWriter<byte> _buffer = new(FlushAt * 2);
    private readonly Utf8JsonWriter _json;

    public JsonEventWriter(Stream output)
    {
        _output = output;
        _json = new Utf8JsonWriter(_buffer);
    }

    public void Write(VmEvent vmEvent)
    {
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("time"u8, vmEvent.Time);
        _json.WriteString("domain"u8, vmEvent.Domain);
        _json.WriteNumber("domainId"u8, vmEvent.DomainId);
        _json.WriteNumber("vcpu"u8, vmEvent.VCpu);
        _json.WriteString("kind"u8, vmEvent.Kind.ToString());
        Hex("instructionPointer"u8, vmEvent.InstructionPointer);
        WriteOwnFields(vmEvent);
        _json.WriteString("response"u8, vmEvent.Response?.Name);
        _json.WriteEndObject();
        _json.Flush();
        _buffer.Write("\n"u8);
        if (_buffer.WrittenCount >= FlushAt) Flush();
    }

    public void Flush()
    {
        _output.Write(_buffer.WrittenSpan);
        _output.Flush();
        _buffer.ResetWrittenCount();
    }

    public void Dispose() => _json.Dispose();

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

    private void Hex(ReadOnlySpan<byte> name, ulong value)
    {
        Span<char> text = stackalloc char[18];
        text.TryWrite(CultureInfo.InvariantCulture, $"0x{value:x}", out int length);
        _json.WriteString(name, text[..length]);
    }
}
