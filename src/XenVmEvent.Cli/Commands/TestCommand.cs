using System.CommandLine;
using XenVmEvent.Diagnosis;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Simulation;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent test</c>.</summary>
internal static class TestCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent test [<domain>] [--format json]";

    private static readonly Argument<string?> Domain = new("domain")
    {
        Description = "The domain: its id, name or uuid. Without it, only the host is checked.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<bool> Simulate = new("--simulate") { Description = "Check a simulated host with the guests web01 and db01." };
    private static readonly Option<OutputFormat> Format = new("--format")
    {
        Description = "text, for people, or json, one object per line.",
        HelpName = "format",
        CustomParser = XenVmEventCommand.ParseFormat,
    };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command command = new("test", "Tests whether the host and a domain can be monitored, and says what to do if not; changes nothing.") { Domain, Simulate, Format };
        command.Validators.Add(result =>
        {
            // A misspelt option would be taken as the domain.
            if (result.GetResult(Domain) is { Tokens: [{ Value: ['-', ..] option }] }) result.AddError($"'{option}' is not an option of this command.");
        });
        command.SetAction(parsed => new TestRun(parsed.GetValue(Domain), parsed.GetValue(Format), parsed.GetValue(Simulate)).Run());
        return command;
    }
}

/// <summary>Tells whether the host, and a domain if one is named, can be monitored.</summary>
internal sealed class TestRun(string? name, OutputFormat format, bool simulate)
{
    private readonly List<string> _failed = [];
    private string? _tested;

    /// <returns>The process's exit code: success if everything can be monitored.</returns>
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
            Console.Out.WriteLine(format == OutputFormat.Text ? CheckText.Of(Remedies.Of(check)) : CheckJson.Of(Remedies.Of(check)));
            if (check.Result == CheckResult.Failed) _failed.Add(check.Name);
        }
    }

    private void Conclude()
    {
        string what = _tested ?? name ?? "This host's domains";
        Console.Out.WriteLine(_failed.Count == 0 ? $"{what} can be monitored." : $"{what} cannot be monitored: {string.Join(", ", _failed)}.");
    }
}
