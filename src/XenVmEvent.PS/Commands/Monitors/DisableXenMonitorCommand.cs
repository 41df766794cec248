using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Disable-XenMonitor: ends sessions. The guest gets everything back, and no vCPU is left paused.</summary>
[Cmdlet(VerbsLifecycle.Disable, "XenMonitor", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class DisableXenMonitorCommand : DomainCmdlet
{
    /// <summary>
    /// The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain or Get-XenMonitor returns.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(SessionCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsMonitored, domain =>
    {
        MonitorSession session = XenHost.GetSession(domain);
        if (!ShouldProcess(domain.ToString(), "Disable the monitor")) return;
        SessionEnd end = session.Stop();
        foreach (XenException failure in end.TeardownFailures) WriteError(ToErrorRecord(failure, domain));
        WriteVerbose($"No longer monitoring {domain}: {end}.");
    });
}
