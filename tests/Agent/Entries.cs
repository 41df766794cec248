using System.Text;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Recording;
using XenVmEvent.Tests.Events;

namespace XenVmEvent.Agent.Tests;

/// <summary>Events on their way out, each told by its number.</summary>
internal static class Entries
{
    private static readonly string Line = MakeLine();

    public static OutgoingEvent Of(long number) => new(null, Encoding.UTF8.GetBytes($"{Line[..^1]},\"number\":{number}}}"));

    public static OutgoingEvent[] Of(long first, int count) => [.. Enumerable.Range(0, count).Select(i => Of(first + i))];

    /// <summary>The line of an event at a time, in a domain.</summary>
    public static string At(DateTimeOffset time, long number, string domain = "web07") =>
        $"{{\"time\":\"{time:O}\"{Line[Line.IndexOf(',', StringComparison.Ordinal)..^1]},\"number\":{number}}}".Replace("web07", domain, StringComparison.Ordinal);

    private static string MakeLine()
    {
        VmEvent answered = new Requests(7).Event(VmEventKind.Cpuid);
        answered.Restore(VmEventResponse.Continue, ResponseState.Default, 0);
        return EventLine.Of(answered);
    }

    /// <returns>The number; null for a note.</returns>
    public static long? NumberOf(ReadOnlySpan<byte> line)
    {
        string text = Encoding.UTF8.GetString(line);
        int at = text.LastIndexOf(",\"number\":", StringComparison.Ordinal);
        return at < 0 ? null : long.Parse(text[(at + 10)..^1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
