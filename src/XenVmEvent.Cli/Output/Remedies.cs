using XenVmEvent.Diagnosis;

namespace XenVmEvent.Cli;

/// <summary>Says what to do about an error or a finding, with the command or option that does it.</summary>
internal static class Remedies
{
    /// <summary>The remedy of an error.</summary>
    public static string Of(XenException e) => e.RemedyBy(CommandFor);

    /// <summary>The check with a remedy that names commands.</summary>
    public static MonitorCheck Of(MonitorCheck check) => check.RemediedBy(CommandFor);

    /// <summary>The command or option for a task; null if this command line has none.</summary>
    private static string? CommandFor(RemedyTask task) => task switch
    {
        RemedyTask.ListDomains => "xl list",
        RemedyTask.TestMonitor => "xenvmevent test",
        RemedyTask.ResetMonitor => "xenvmevent reset",
        RemedyTask.UseRing => "--channel ring",
        RemedyTask.UseSlots => "--channel slotted",
        RemedyTask.UseSimulator => "--simulate",
        RemedyTask.GoWithoutGuard => "--no-guard",
        RemedyTask.CheckPolicy => "xenvmevent check",
        RemedyTask.NamePages => "--gfn 0-0xfffff",
        _ => null,
    };
}
