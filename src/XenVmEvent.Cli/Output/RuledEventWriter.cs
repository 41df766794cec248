using System.Text;
using XenVmEvent.Events;

namespace XenVmEvent.Cli;

/// <summary>Prints events of rules for people: how serious, which rule, what happened, and the answer if a rule gave it.</summary>
internal sealed class RuledEventWriter(Stream output) : IEventWriter
{
    private const int FlushAt = 64 * 1024;

    private readonly StringBuilder _text = new();

    public void Write(VmEvent vmEvent)
    {
        _text.Append(vmEvent.Severity?.ToString().ToLowerInvariant()).Append(' ').Append(vmEvent.Rule).Append(": ").Append(vmEvent);
        if (vmEvent.Symbol is { } symbol) _text.Append(" at ").Append(symbol);
        if (vmEvent.ResponseState == ResponseState.Rule) _text.Append(" -> ").Append(vmEvent.Response!.Name);
        if (vmEvent.RuleMessage is { } message) _text.Append(" (").Append(message).Append(')');
        _text.Append('\n');
        if (_text.Length >= FlushAt) Flush();
    }

    public void Flush()
    {
        output.Write(Encoding.UTF8.GetBytes(_text.ToString()));
        output.Flush();
        _text.Clear();
    }
}
