using System.Globalization;
using System.Text;
using XenVmEvent.Events;

namespace XenVmEvent.Cli;

/// <summary>
/// Prints events of many hosts for people: when, on which host, the rule with its severity, what happened and the answer.
/// Names come from elsewhere, so whatever a terminal would obey is replaced.
/// </summary>
internal sealed class ReceivedEventWriter(Stream output) : IEventWriter
{
    private const int FlushAt = 64 * 1024;

    private readonly StringBuilder _text = new();

    public void Write(VmEvent vmEvent)
    {
        int start = _text.Length;
        _text.Append(vmEvent.Time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)).Append(' ').Append(vmEvent.HostName).Append(' ');
        if (vmEvent.Rule is { } rule) _text.Append(vmEvent.Severity?.ToString().ToLowerInvariant()).Append(' ').Append(rule).Append(": ");
        _text.Append(vmEvent);
        if (vmEvent.ResponseState == ResponseState.Rule) _text.Append(" -> ").Append(vmEvent.Response!.Name);
        if (vmEvent.RuleMessage is { } message) _text.Append(" (").Append(message).Append(')');
        for (int i = start; i < _text.Length; i++)
        {
            if (char.IsControl(_text[i])) _text[i] = '\uFFFD';
        }

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
