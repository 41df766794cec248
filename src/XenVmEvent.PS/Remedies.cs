using XenVmEvent.Diagnosis;

namespace XenVmEvent.PS;

/// <summary>What to do about an error or a finding, with the cmdlet or parameter that does it.</summary>
internal static class Remedies
{
    /// <summary>The remedy of an error.</summary>
    public static string Of(XenException e) => e.RemedyBy(CommandFor);

    /// <summary>A check whose remedy names cmdlets.</summary>
    public static MonitorCheck Of(MonitorCheck check) => check.RemediedBy(CommandFor);

    private static string? CommandFor(RemedyTask task) => task switch
    {
        RemedyTask.ListDomains => "Get-XenDomain",
        RemedyTask.TestMonitor => "Test-XenMonitor",
        RemedyTask.ResetMonitor => "Reset-XenMonitor",
        RemedyTask.UseRing => "-Channel Ring",
        RemedyTask.UseSlots => "-Channel Slotted",
        RemedyTask.UseSimulator => "Connect-XenHost -Simulated",
        RemedyTask.GoWithoutGuard => "-NoGuard",
        RemedyTask.AnswerEvents => "Set-XenVmEventResponse or Disable-XenMonitor",
        RemedyTask.HoldEvents => "-Hold and -ResponseTimeout",
        RemedyTask.WatchSteps => "Watch-XenVmEvent -Event SingleStep",
        RemedyTask.WatchPages => "Watch-XenMemAccess",
        RemedyTask.NamePages => "-Gfn 0-0xfffff",
        RemedyTask.CheckPolicy => "Test-XenVmEventPolicy",
        RemedyTask.ListViews => "Get-XenMemoryView",
        RemedyTask.CreateView => "New-XenMemoryView",
        RemedyTask.RemoveView => "Remove-XenMemoryView",
        RemedyTask.LeaveView => "Switch-XenMemoryView -View 0",
        _ => null,
    };
}
