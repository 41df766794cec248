using XenVmEvent.Diagnosis;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using XenVmEvent.Hypervisor.Xen;

namespace XenVmEvent.Cli;

/// <summary>Tells whether the host, and a domain if one is named, can be monitored.</summary>
internal sealed class TestRun(string? name, OutputFormat format, bool simulate)
{
    private readonly List<string> _failed = [];
    private string? _tested;

    /// <returns>The process's exit code: success when all can be monitored.</returns>
    public int Run()
    {
        using SimulatedHypervisor? simulated = simulate ? new() : null;
        Print(HostDiagnosis.Run(simulated?.Probe ?? new XenHostProbe()));
        if (name is not null && _failed.Count > 0) Print([DomainDiagnosis.Skipped(name)]);
        else if (name is not null) TestDomain(simulated, name);
        if (format == OutputFormat.Text) Conclude();
        return _failed.Count == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private void TestDomain(SimulatedHypervisor? simulated, string called)
    {
        using IHypervisor host = (IHypervisor?)simulated ?? XenHypervisor.Connect();
        XenDomain domain = host.FindDomain(called);
        _tested = domain.Name;
        Print(DomainDiagnosis.Run(host, domain));
    }

    private void Print(IReadOnlyList<MonitorCheck> checks)
    {
        if (format == OutputFormat.Text) Console.Out.WriteLine(checks[0].Domain ?? "host");
        foreach (MonitorCheck check in checks)
        {
            Console.Out.WriteLine(format == OutputFormat.Text ? CheckText.Of(check) : CheckJson.Of(check));
            if (check.Result == CheckResult.Failed) _failed.Add(check.Name);
        }
    }

    private void Conclude()
    {
        string what = _tested ?? name ?? "This host's domains";
        Console.Out.WriteLine(_failed.Count == 0 ? $"{what} can be monitored." : $"{what} cannot be monitored: {string.Join(", ", _failed)}.");
    }
}
