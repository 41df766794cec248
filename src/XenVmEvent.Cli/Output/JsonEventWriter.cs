using System.Buffers;
using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.Cli;

/// <summary>Prints each event as a JSON object on one line, as in a recording.</summary>
internal sealed class JsonEventWriter : IEventWriter, IDisposable
{
    private const int FlushAt = 64 * 1024;

    private readonly Stream _output;
    private readonly ArrayBufferWriter<byte> _buffer = new(FlushAt * 2);
    private readonly EventLineWriter _lines;

    public JsonEventWriter(Stream output)
    {
        _output = output;
        _lines = new EventLineWriter(_buffer);
    }

    public void Write(VmEvent vmEvent)
    {
        _lines.WriteLossesBefore(vmEvent);
        _lines.Write(vmEvent);
        if (_buffer.WrittenCount >= FlushAt) Flush();
    }

    public void Finish()
    {
        _lines.WriteLastLosses();
        Flush();
    }

    public void Flush()
    {
        _output.Write(_buffer.WrittenSpan);
        _output.Flush();
        _buffer.ResetWrittenCount();
    }

    public void Dispose() => _lines.Dispose();
}
