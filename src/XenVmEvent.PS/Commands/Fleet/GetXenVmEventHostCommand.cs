using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using XenVmEvent.Agent;

namespace XenVmEvent.PS;

/// <summary>Get-XenVmEventHost: gets the hosts whose agents send events to Redis, and how each of them is.</summary>
[Cmdlet(VerbsCommon.Get, "XenVmEventHost")]
[OutputType(typeof(FleetHost))]
public sealed class GetXenVmEventHostCommand : FleetCmdlet
{
    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IEnumerator<FleetHost>? hosts = null;
        Require(Target, () => hosts = FleetHosts.Read(GetSettings(), NamePattern.Matching(HostName), Tell, Stopped).GetEnumerator());
        using (hosts)
        {
            bool isAny = false;
            while (TryTake(hosts!, out FleetHost? host))
            {
                isAny = true;
                WriteObject(host);
            }

            WarnOfTold();
            if (!isAny) WarnOfNoHost();
        }
    }

    private bool TryTake(IEnumerator<FleetHost> hosts, [NotNullWhen(true)] out FleetHost? host)
    {
        host = null;
        bool hasMore = false;
        try
        {
            Require(Target, () => hasMore = hosts.MoveNext());
        }
        catch (OperationCanceledException) when (Stopped.IsCancellationRequested)
        {
        }

        host = hasMore ? hosts.Current : null;
        return host is not null;
    }
}
