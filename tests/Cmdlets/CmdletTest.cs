using System.Diagnostics;
using System.Management.Automation;
using XenVmEvent.Hypervisor;
using XenVmEvent.PS;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>A test of cmdlets on a simulated host, connected to before it and left after it.</summary>
public abstract class CmdletTest : IDisposable
{
    private const int Pages = 4096;

    private protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Ends a watch that waits for ever, with its host: the test fails then instead of never ending.</summary>
    private readonly Timer _watchdog = new(_ => XenHost.Disconnect(), null, 3 * Patience, Timeout.InfiniteTimeSpan);

    protected CmdletTest() => Pipeline.Of<ConnectXenHostCommand>().With("Simulated").Run();

    private protected static SimulatedHypervisor Host => (SimulatedHypervisor)XenHost.Current;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) return;
        _watchdog.Dispose();
        XenHost.Disconnect();
    }

    /// <summary>Turns the cmdlets to a host other than Connect-XenHost's.</summary>
    private protected static SimulatedHypervisor Use(SimulationOptions options)
    {
        SimulatedHypervisor host = new(options);
        XenHost.TurnTo(host);
        return host;
    }

    /// <summary>The sessions that Get-XenMonitor shows.</summary>
    private protected static MonitorStatus[] Monitors() => Pipeline.Of<GetXenMonitorCommand>().Run().OutputOf<MonitorStatus>();

    private protected static MonitorStatus Enable(string domain) =>
        Assert.Single(Pipeline.Of<EnableXenMonitorCommand>(domain).With("PassThru").Run().OutputOf<MonitorStatus>());

    /// <summary>Nobody monitors the domain, it has all its pages, and each of its vCPUs gets on.</summary>
    private protected static void AssertFree(string name)
    {
        SimulatedDomain domain = Host[name];
        Assert.Null(Host.Crash);
        Assert.DoesNotContain(Monitors(), m => m.Domain == name);
        Assert.False(domain.IsMonitored);
        Assert.Equal(MemAccess.Rwx, domain.DefaultMemAccess);
        for (ulong gfn = 0; gfn < Pages; gfn++) Assert.Equal(MemAccess.Rwx, domain.GetMemAccess(gfn));
        AssertRuns(name);
    }

    /// <summary>Each vCPU of the domain gets on.</summary>
    private protected static void AssertRuns(string name)
    {
        SimulatedDomain domain = Host[name];
        domain.Start();
        foreach (SimulatedVCpu vcpu in domain.VCpus)
        {
            long enough = vcpu.Rounds + 2;
            Until(() => vcpu.Rounds >= enough);
        }
    }

    /// <summary>The one error of a cmdlet that went on.</summary>
    private protected static ErrorRecord Refused(PipelineOutcome outcome, XenErrorId id, ErrorCategory category)
    {
        Assert.Equal(PSInvocationState.Completed, outcome.State);
        return AssertIs(id, category, Assert.Single(outcome.Errors));
    }

    /// <summary>Waits until something is so.</summary>
    private protected static void Until(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Patience) throw new TimeoutException("It never came to be so.");
            Thread.Sleep(1);
        }
    }

    private static ErrorRecord AssertIs(XenErrorId id, ErrorCategory category, ErrorRecord? error)
    {
        Assert.NotNull(error);
        Assert.StartsWith($"{id},XenVmEvent.PS.", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(category, error.CategoryInfo.Category);
        XenException exception = Assert.IsType<XenException>(error.Exception);
        Assert.Equal(exception.Message, error.ErrorDetails?.Message);
        Assert.Equal(Remedies.Of(exception), error.ErrorDetails?.RecommendedAction);
        Assert.NotEmpty(exception.Remedy);
        return error;
    }
}
