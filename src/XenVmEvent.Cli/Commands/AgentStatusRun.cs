using System.Globalization;
using System.Text;
using XenVmEvent.Agent;

namespace XenVmEvent.Cli;

/// <summary>Asks a running agent for its status, and prints it.</summary>
internal sealed class AgentStatusRun(string socket, OutputFormat format)
{
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using Stream output = StandardOutput.Open();
        output.Write(format == OutputFormat.Json ? AgentClient.AskForJson(socket, CancellationToken.None) : Encoding.UTF8.GetBytes(Describe(AgentClient.Ask(socket, CancellationToken.None))));
        return ExitCode.Success;
    }

    private static string Describe(AgentStatus status)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{status}, since {Time(status.Started)}\n");
        text.Append(CultureInfo.InvariantCulture, $"configured {Time(status.Configured)}{(status.IsReloadRefused ? "; a later configuration was refused" : "")}\n");
        foreach (PolicyInfo policy in status.Policies)
            text.Append(CultureInfo.InvariantCulture, $"policy {policy.Name}: {policy.Mode.ToString().ToLowerInvariant()}, for {Texts(policy.Domains)}; {policy.Path}, sha256 {policy.Sha256}\n");
        foreach (GuestStatus guest in status.Guests)
            text.Append(CultureInfo.InvariantCulture, $"guest {guest}: {Texts(guest.Policies)}; {guest.Events} events since {Time(guest.Since)}, {guest.HeldNow} held, {guest.Lost} lost\n");
        foreach (OutputStatus output in status.Outputs)
        {
            string spool = output.SpoolBytes > 0 ? string.Create(CultureInfo.InvariantCulture, $", spool {output.SpoolBytes} bytes") : "";
            string problem = output.Problem is { } why ? $"; FAILS: {why}" : "";
            text.Append(CultureInfo.InvariantCulture, $"output {output.Name}, {output.Place}: {output.Published} published, {output.Waiting} waiting for {output.Lag.TotalSeconds:0.0} s, {output.Lost} lost{spool}{problem}\n");
        }

        // Names come from elsewhere, and this goes to a terminal.
        return string.Concat(text.ToString().Select(letter => char.IsControl(letter) && letter != '\n' ? '?' : letter));
    }

    private static string Texts(IReadOnlyList<string> texts) => string.Join(", ", texts);

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
}
