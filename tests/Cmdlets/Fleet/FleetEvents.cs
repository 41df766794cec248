using System.Management.Automation;
using XenVmEvent.Agent.Tests;
using XenVmEvent.Events;
using XenVmEvent.PS;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>Events, as this module writes them, in the streams of hosts.</summary>
internal static class FleetEvents
{
    private static readonly string Line = MakeLine();

    /// <summary>Sends an event at each of these times.</summary>
    public static void SendEvents(this HostStreams fleet, string host, params IEnumerable<DateTimeOffset> times) =>
        fleet.SendAll(host, times.Select(time => (time, $"{{\"time\":\"{time:O}\"{Line}")));

    /// <summary>How many entries a group has been given and has not acknowledged.</summary>
    public static long Pending(this HostStreams fleet, string host, string group) =>
        fleet.Database.StreamPending(HostStreams.Key(host), group).PendingMessageCount;

    /// <returns>What follows the time.</returns>
    private static string MakeLine()
    {
        VmEvent made = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1).Run().OutputOf<VmEvent>()[0];
        string line = (string)VmEventMembers.Recorded(new PSObject(made));
        return line[line.IndexOf(',', StringComparison.Ordinal)..];
    }
}
