using XenVmEvent.Diagnosis;

namespace XenVmEvent.Cli;

/// <summary>What to do about an error or a finding, with the command or option that does it.</summary>
internal static class Remedies
{
    /// <summary>The remedy of an error.</summary>
    public static string Of(XenException e) => e.RemedyBy(CommandFor);

    /// <summary>A check whose remedy names commands.</summary>
    public static MonitorCheck Of(MonitorCheck check) => check.RemediedBy(CommandFor);

    /// <summary>Null also for what this command line cannot do.</summary>
    private static string? CommandFor(RemedyTask task) => task switch
    {
        RemedyTask.ListDomains => "xl list",
        RemedyTask.TestMonitor => "xenvmevent test",
        RemedyTask.ResetMonitor => "xenvmevent reset",
        RemedyTask.UseRing => "--channel ring",
        RemedyTask.UseSlots => "--channel slotted",
        RemedyTask.UseSimulator => "--simulate",
        RemedyTask.GoWithoutGuard => "--no-guard",
        RemedyTask.NamePages => "--gfn 0-0xfffff",
        _ => null,
    };
}
