using System.Globalization;
using System.Text;
using XenVmEvent.Events;

namespace XenVmEvent.Cli;

/// <summary>
/// Prints events of rules for people: how serious, which rule, what happened, and the answer if a rule gave it. Names come
/// from elsewhere, so whatever a terminal would obey is replaced.
/// </summary>
internal sealed class RuledEventWriter(Stream output) : IEventWriter
{
    private const int FlushAt = 64 * 1024;

    private readonly StringBuilder _text = new();

    /// <summary>Whether each line begins with the time and the host, for events of several.</summary>
    public bool NamesHost { get; init; }

    public void Write(VmEvent vmEvent)
    {
        int start = _text.Length;
        if (NamesHost) _text.Append(vmEvent.Time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)).Append(' ').Append(vmEvent.HostName).Append(' ');
        if (vmEvent.Rule is { } rule) _text.Append(vmEvent.Severity?.ToString().ToLowerInvariant()).Append(' ').Append(rule).Append(": ");
        _text.Append(vmEvent);
        if (vmEvent.Symbol is { } symbol) _text.Append(" at ").Append(symbol);
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
