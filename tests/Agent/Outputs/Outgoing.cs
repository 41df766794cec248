using System.Buffers;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Recording;
using XenVmEvent.Tests.Events;

namespace XenVmEvent.Agent.Tests;

/// <summary>Events on their way out.</summary>
internal static class Outgoing
{
    private static readonly Requests Requests = new(7);

    /// <summary>An event with a number, which is its CPUID leaf.</summary>
    public static OutgoingEvent Event(uint number = 0, RuleSeverity? severity = null, string? message = null)
    {
        VmEvent vmEvent = Requests.Event(VmEventKind.Cpuid, (VmEventField.CpuidLeaf, number));
        vmEvent.SetDefault(VmEventResponse.Continue);
        if (severity is { } its) vmEvent.RuleMark = new RuleMark("policy", "rule", its, message);
        ArrayBufferWriter<byte> line = new();
        using EventLineWriter writer = new(line);
        writer.Write(vmEvent);
        return new OutgoingEvent(vmEvent, line.WrittenMemory[..^1]);
    }

    /// <summary>The number of an event.</summary>
    public static uint Number(VmEvent vmEvent) => ((CpuidEvent)vmEvent).Leaf;

    public static IReadOnlyList<OutgoingEvent> Events(int first, int count) => [.. Enumerable.Range(first, count).Select(i => Event((uint)i))];
}
