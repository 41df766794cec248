using System.Management.Automation;
using XenVmEvent.Diagnosis;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>
/// Test-XenMonitor: tests whether this host and domains can be monitored, and says what to do if not. It works without
/// Xen, and changes nothing.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "XenMonitor")]
[OutputType(typeof(MonitorCheck), typeof(bool))]
public sealed class TestXenMonitorCommand : DomainCmdlet
{
    private bool _hostPassed;
    private bool _allPassed;

    /// <summary>
    /// The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain returns. Without it, only the
    /// host is checked.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation(BindsAnything = true)]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>Return only whether all of them can be monitored, that is, whether no check has failed.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _allPassed = true;
        Write(HostDiagnosis.Run(XenHost.Probe));
        _hostPassed = _allPassed;
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (DomainSelector selector in Domain)
        {
            if (_hostPassed) Test(selector);
            else Write([DomainDiagnosis.Skipped(selector.ToString())]);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (Quiet) WriteObject(_allPassed);
    }

    private void Test(DomainSelector selector)
    {
        try
        {
            IHypervisor host = XenHost.Current;
            foreach (XenDomain domain in Resolve(selector, MayMatchNone, out bool byWildcard))
            {
                if (!byWildcard || IsGuest(domain)) Write(DomainDiagnosis.Run(host, domain, IsMonitored(domain)));
            }
        }
        catch (XenException e)
        {
            _allPassed = false;
            if (!Quiet) WriteError(ToErrorRecord(e, selector.ToString()));
        }
    }

    private void Write(IReadOnlyList<MonitorCheck> checks)
    {
        foreach (MonitorCheck check in checks)
        {
            if (check.Result == CheckResult.Failed) _allPassed = false;
            if (!Quiet) WriteObject(Remedies.Of(check));
        }
    }
}
