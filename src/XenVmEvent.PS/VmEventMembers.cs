using System.Globalization;
using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.PS;

/// <summary>What events have in PowerShell beside their own properties, by XenVmEvent.Types.ps1xml.</summary>
public static class VmEventMembers
{
    internal const string RecordedName = nameof(Recorded);

    /// <summary>
    /// Its time as text, in ISO 8601 with all its digits: what makes text of objects, as Export-Csv does, cuts a time to
    /// seconds.
    /// </summary>
    public static object Timestamp(PSObject instance) => Of(instance).Time.ToString("O", CultureInfo.InvariantCulture);

    /// <summary>The code it came from: the symbol where one was looked up, else the instruction pointer, in hexadecimal.</summary>
    public static object Location(PSObject instance) =>
        Of(instance) is var vmEvent && vmEvent.Symbol is { } symbol ? symbol : $"0x{vmEvent.InstructionPointer:x16}";

    /// <summary>Its line of a recording: what <see cref="VmEventConverter"/> makes the event of again elsewhere. Hidden.</summary>
    public static object Recorded(PSObject instance) => EventLine.Of(Of(instance));

    private static VmEvent Of(PSObject instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        return (VmEvent)instance.BaseObject;
    }
}
