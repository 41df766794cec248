using System.Management.Automation;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;

namespace XenVmEvent.PS;

/// <summary>Reset-XenMonitor: frees guests that a listener left behind, and says what it found.</summary>
[Cmdlet(VerbsCommon.Reset, "XenMonitor", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(MonitorResetReport))]
public sealed class ResetXenMonitorCommand : DomainCmdlet
{
    /// <summary>The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain returns.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>Do not ask first.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsGuest, domain =>
    {
        if (!(Force && !IsAskedFor) && !ShouldProcess($"Free {domain}.", Question(domain), "Reset-XenMonitor")) return;
        if (XenHost.FindSession(domain) is MonitorSession own)
        {
            WriteVerbose($"Ending this process's own session on {domain}: {own.Stop()}.");
        }

        MonitorResetReport report = MonitorReset.Run(XenHost.CurrentGuarded, domain);
        WriteObject(report);
        foreach (XenException failure in report.Failures)
        {
            WriteError(new ErrorRecord(failure, failure.Id.ToString(), ErrorCategory.OperationStopped, domain));
        }

        if (report.StillFrozenVCpus.Count == 0) return;
        WriteError(new ErrorRecord(
            new XenException(
                XenErrorId.CallFailed,
                $"vCPUs {string.Join(", ", report.StillFrozenVCpus)} of {domain} still do not run.",
                "If 'xl list' shows the domain paused (p), run 'xl unpause'; otherwise something other than a listener holds it."),
            XenErrorId.CallFailed.ToString(),
            ErrorCategory.OperationStopped,
            domain));
    });

    /// <summary>Whether -Confirm or -WhatIf asks for a question or a message despite -Force.</summary>
    private bool IsAskedFor =>
        IsOn("WhatIf", LanguagePrimitives.IsTrue(GetVariableValue("WhatIfPreference"))) || IsOn("Confirm", otherwise: false);

    private bool IsOn(string parameter, bool otherwise) =>
        MyInvocation.BoundParameters.TryGetValue(parameter, out object? given) ? (SwitchParameter)given : otherwise;

    private static string Question(XenDomain domain)
    {
        using IDomainControl control = XenHost.Current.Control(domain);
        string question = $"Free {domain}: this disables its monitor and cuts off its listener.";
        return control.IsMonitored != false && control.ListenerSuspects.Count > 0
            ? $"{question} A listener may be alive: {string.Join(" or ", control.ListenerSuspects)}."
            : question;
    }
}
