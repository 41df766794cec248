using System.Globalization;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Identifies a process permanently: once it is gone, another can get its id, but not with the same start time.
/// </summary>
/// <param name="Id">Its id.</param>
/// <param name="StartTime">When it started, in clock ticks since boot.</param>
internal readonly record struct ProcessIdentity(int Id, ulong StartTime)
{
    private const int State = 0;
    private const int Flags = 6;
    private const int Started = 19;

    /// <summary>
    /// PF_EXITING of Linux's task flags: the kernel closes a process's descriptors before it becomes a zombie.
    /// </summary>
    private const uint Exiting = 4;

    /// <summary>This process.</summary>
    public static ProcessIdentity Current { get; } = Of(Environment.ProcessId) ?? new ProcessIdentity(Environment.ProcessId, 0);

    /// <summary>Whether it is alive and not just ending.</summary>
    public bool IsAlive =>
        ReadStat(Id) is { } stat
        && ulong.Parse(stat[Started], CultureInfo.InvariantCulture) == StartTime
        && stat[State] is not ("Z" or "X")
        && (uint.Parse(stat[Flags], CultureInfo.InvariantCulture) & Exiting) == 0;

    /// <summary>The process that has an id now.</summary>
    /// <returns>Null: there is none.</returns>
    public static ProcessIdentity? Of(int id) =>
        ReadStat(id) is { } stat ? new ProcessIdentity(id, ulong.Parse(stat[Started], CultureInfo.InvariantCulture)) : null;

    private static string[]? ReadStat(int id) =>
        ProcessStat.Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}")) is { Length: > Started } stat ? stat : null;
}
