using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace XenVmEvent.Cli;

/// <summary>Asks a running agent for its status, and prints it.</summary>
internal sealed class AgentStatusRun(string socket, OutputFormat format)
{
    private const int LargestStatus = 64 << 20;
    private const int PatienceMilliseconds = 10_000;

    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using Stream output = StandardOutput.Open();
        byte[] status = Ask();
        output.Write(format == OutputFormat.Json ? status : Encoding.UTF8.GetBytes(Describe(status)));
        return ExitCode.Success;
    }

    private byte[] Ask()
    {
        try
        {
            using Socket agent = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = PatienceMilliseconds };
            agent.Connect(new UnixDomainSocketEndPoint(socket));
            using MemoryStream status = new();
            byte[] buffer = new byte[64 * 1024];
            while (status.Length < LargestStatus && agent.Receive(buffer) is var count and > 0) status.Write(buffer, 0, count);
            return status.ToArray();
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new XenException(
                XenErrorId.AgentNotAvailable, $"No agent answers at '{socket}': {e.Message}", "Start it, name its socket, or ask as root or as a member of its group.", e);
        }
    }

    private string Describe(byte[] status)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(status);
            return Describe(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new XenException(XenErrorId.AgentNotAvailable, $"What answers at '{socket}' is no agent of this version: {e.Message}", "Use the agent's own program.", e);
        }
    }

    private static string Describe(JsonElement status)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"agent {Text(status, "version")} on {Text(status, "host")}, process {Text(status, "processId")}, since {Time(status, "started")}\n");
        text.Append(CultureInfo.InvariantCulture, $"configured {Time(status, "configured")}{(status.GetProperty("isReloadRefused").GetBoolean() ? "; a later configuration was refused" : "")}\n");
        foreach (JsonElement policy in status.GetProperty("policies").EnumerateArray())
            text.Append(CultureInfo.InvariantCulture, $"policy {Text(policy, "name")}: {Text(policy, "mode").ToLowerInvariant()}, for {Texts(policy, "domains")}; {Text(policy, "path")}, sha256 {Text(policy, "sha256")}\n");
        foreach (JsonElement guest in status.GetProperty("guests").EnumerateArray())
            text.Append(CultureInfo.InvariantCulture, $"guest {Text(guest, "domain")} (id {Text(guest, "domainId")}): {Texts(guest, "policies")}; {Text(guest, "events")} events since {Time(guest, "since")}, {Text(guest, "heldNow")} held, {Text(guest, "lost")} lost\n");
        foreach (JsonElement output in status.GetProperty("outputs").EnumerateArray())
        {
            string spool = output.GetProperty("spoolBytes").GetInt64() is > 0 and var bytes ? string.Create(CultureInfo.InvariantCulture, $", spool {bytes} bytes") : "";
            string problem = output.GetProperty("problem").GetString() is { } why ? $"; FAILS: {why}" : "";
            text.Append(CultureInfo.InvariantCulture, $"output {Text(output, "name")}, {Text(output, "place")}: {Text(output, "published")} published, {Text(output, "waiting")} waiting for {output.GetProperty("lagSeconds").GetDouble():0.0} s, {Text(output, "lost")} lost{spool}{problem}\n");
        }

        // Names come from elsewhere, and this goes to a terminal.
        return string.Concat(text.ToString().Select(letter => char.IsControl(letter) && letter != '\n' ? '?' : letter));
    }

    private static string Text(JsonElement of, string name) => of.GetProperty(name).ToString();

    private static string Texts(JsonElement of, string name) => string.Join(", ", of.GetProperty(name).EnumerateArray().Select(one => one.GetString()));

    private static string Time(JsonElement of, string name) => of.GetProperty(name).GetDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
}
