using System.Globalization;
using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.PS;

/// <summary>The members that XenVmEvent.Types.ps1xml adds to events in PowerShell.</summary>
public static class VmEventMembers
{
    internal const string RecordedName = nameof(Recorded);

    /// <summary>What XenVmEvent.Format.ps1xml calls events of other hosts.</summary>
    private const string ReceivedType = "XenVmEvent.Events.VmEvent#Received";

    /// <summary>
    /// Its time as text, in ISO 8601 with all its digits. Cmdlets that make text of objects, such as Export-Csv, cut a
    /// time to seconds.
    /// </summary>
    public static object Timestamp(PSObject instance) => Of(instance).Time.ToString("O", CultureInfo.InvariantCulture);

    /// <summary>
    /// The code it came from: the symbol if one was looked up, otherwise the instruction pointer in hexadecimal.
    /// </summary>
    public static object Location(PSObject instance) =>
        Of(instance) is var vmEvent && vmEvent.Symbol is { } symbol ? symbol : $"0x{vmEvent.InstructionPointer:x16}";

    /// <summary>
    /// Its line of a recording, from which <see cref="VmEventConverter"/> makes the event elsewhere. Hidden.
    /// </summary>
    public static object Recorded(PSObject instance) => EventLine.Of(Of(instance));

    /// <summary>An event as it is written: one that was received from a host has a table of its own, which names the host.</summary>
    internal static object Shown(VmEvent vmEvent)
    {
        if (vmEvent.HostName is null) return vmEvent;
        PSObject shown = new(vmEvent);
        shown.TypeNames.Insert(0, ReceivedType);
        return shown;
    }

    private static VmEvent Of(PSObject instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        return (VmEvent)instance.BaseObject;
    }
}
