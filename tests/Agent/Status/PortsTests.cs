using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using XenVmEvent.Hypervisor;
using XenVmEvent.Policy;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>Asking a running agent for its status and its metrics.</summary>
[SupportedOSPlatform("linux")]
public sealed class PortsTests : IDisposable
{
    private static readonly string SeeCpuid = RunningAgent.PolicyFor("leaves", "*", "name: leaf, event: Cpuid", "name: lstar, event: MovToMsr, msr: IA32_LSTAR, answer: deny, report: none");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_status_tells_guests_policies_and_outputs()
    {
        using RunningAgent agent = Agent();
        Do(agent, GuestAction.Cpuid(1), GuestAction.Cpuid(2));
        Until.True(() => agent.Events.Count == 2);
        AgentStatus status = Status(agent);
        Assert.Equal(("simulated Xen", Environment.ProcessId, false, 0), (status.Host, status.ProcessId, status.IsReloadRefused, status.GuardRestarts));
        Assert.Equal((new AgentIdentity().Version, agent.Configuration.PolicyHash), (status.Version, status.PolicyHash));
        Assert.InRange(status.Configured, status.Started, DateTimeOffset.Now);
        PolicyInfo policy = Assert.Single(status.Policies);
        LoadedPolicy kept = agent.Configuration.Policies[0];
        Assert.Equal(("leaves", PolicyMode.Enforce, kept.Sha256, kept.Path, "*"), (policy.Name, policy.Mode, policy.Sha256, policy.Path, Assert.Single(policy.Domains)));
        GuestStatus guest = Assert.Single(status.Guests);
        Assert.Equal(("web01", 1u, agent.Host["web01"].Identity.Uuid, ChannelKind.Slotted), (guest.Domain, guest.DomainId, guest.Uuid, guest.Channel));
        Assert.Equal((2, 0, 0, "leaves"), (guest.Events, guest.HeldNow, guest.Lost, Assert.Single(guest.Policies)));
        Assert.InRange(guest.Since, status.Started, DateTimeOffset.Now);
        OutputStatus output = Assert.Single(status.Outputs);
        Assert.Equal(("kept", 2, 0, 0, 0, null), (output.Name, output.Published, output.Lost, output.Waiting, output.SpoolBytes, output.Problem));
        Assert.NotEmpty(output.Place);
    }

    [Fact]
    public void The_hash_of_policies_is_that_of_their_hashes_in_order_and_follows_a_reload()
    {
        using RunningAgent agent = Agent();
        string before = agent.Configuration.PolicyHash;
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{agent.Configuration.Policies[0].Sha256}\n"))), before);
        agent.Reload(agent.Configuration with { Policies = [] });
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData([])), Status(agent).PolicyHash);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"version\":\"1\"}")]
    public void What_is_no_agent_is_told(string says)
    {
        using LocalServer other = new(UnixListener.Open(_folder["other.sock"], group: null), client => client.Send(Encoding.UTF8.GetBytes(says)));
        XenException error = Assert.Throws<XenException>(() => AgentClient.Ask(_folder["other.sock"], TestContext.Current.CancellationToken));
        Assert.Equal(XenErrorId.AgentNotAvailable, error.Id);
        Assert.Contains("is no agent of this version", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nobody_listens_there_is_no_agent()
    {
        XenException error = Assert.Throws<XenException>(() => AgentClient.Ask(_folder["none.sock"], TestContext.Current.CancellationToken));
        Assert.Equal(XenErrorId.AgentNotAvailable, error.Id);
        Assert.StartsWith("No agent answers at '", error.Message, StringComparison.Ordinal);
        Assert.Throws<XenException>(() => AgentClient.Ask(new string('x', 300), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Metrics_count_what_guests_did_also_of_those_that_are_gone()
    {
        using RunningAgent agent = Agent();
        agent.Reload(agent.Configuration with { Metrics = new MetricsSettings { Socket = _folder["metrics.sock"] } });
        Do(agent, GuestAction.Cpuid(1), GuestAction.WriteMsr(0xc000_0082, 1));
        SimulatedDomain again = agent.Host.Reboot("web01");
        agent.AwaitSaid($"{again.Identity} is watched");
        Do(agent, GuestAction.Cpuid(1), GuestAction.WriteMsr(0xc000_0082, 1));
        Until.True(() => agent.Events.Count == 2);
        Until.True(() => Get("/metrics").Contains("xenvmevent_sessions_ended_total{reason=\"DomainEnded\"} 1\n", StringComparison.Ordinal));
        string[] lines = Get("/metrics").Split('\n');
        Assert.Contains("xenvmevent_events_total{domain=\"web01\",kind=\"Cpuid\",answer=\"Continue\"} 2", lines);
        Assert.Contains("xenvmevent_events_total{domain=\"web01\",kind=\"MovToMsr\",answer=\"Deny\"} 2", lines);
        Assert.Contains("xenvmevent_handling_time_seconds_count 4", lines);
        Assert.Contains("xenvmevent_sessions 1", lines);
        Assert.Contains("xenvmevent_held_events 0", lines);
        Assert.Contains("xenvmevent_output_events_published_total{output=\"kept\"} 2", lines);
        Assert.StartsWith("HTTP/1.1 404 ", Get("/"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 405 ", Send("POST /metrics HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", Send("nonsense\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", Send(new string('x', 8192)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_that_says_nothing_keeps_others_waiting_for_a_short_time_only()
    {
        using RunningAgent agent = Agent();
        agent.Reload(agent.Configuration with { Metrics = new MetricsSettings { Socket = _folder["metrics.sock"] } });
        using Socket silent = Connect(_folder["metrics.sock"]);
        Assert.StartsWith("HTTP/1.1 200 ", Get("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public void Metrics_are_had_at_a_loopback_address_too()
    {
        using RunningAgent agent = Agent();
        IPEndPoint address = Loopback.FreeAddress();
        agent.Reload(agent.Configuration with { Metrics = new MetricsSettings { Listen = address } });
        using HttpClient client = new();
        using HttpResponseMessage response = client.Send(new HttpRequestMessage(HttpMethod.Get, $"http://{address}/metrics"));
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", $"{response.Content.Headers.ContentType}");
        using StreamReader reader = new(response.Content.ReadAsStream());
        Assert.Contains("xenvmevent_sessions 1\n", reader.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_metrics_is_written_whole_for_all_to_read_and_removed_at_the_end()
    {
        string file = _folder["xenvmevent.prom"];
        using (RunningAgent agent = Agent())
        {
            agent.Reload(agent.Configuration with { Metrics = new MetricsSettings { TextFile = file, Period = TimeSpan.FromMilliseconds(20) } });
            Until.True(() => File.Exists(file));
            for (int i = 0; i < 50; i++) Assert.EndsWith("xenvmevent_output_up{output=\"kept\"} 1\n", File.ReadAllText(file), StringComparison.Ordinal);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(file));
        }

        Assert.Empty(Directory.GetFiles(_folder.Path, "*.prom"));
    }

    [Fact]
    public void Only_root_or_a_group_can_ask()
    {
        using RunningAgent agent = Agent();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(agent.Configuration.Status.Socket));
        string group = File.ReadLines("/etc/group").Select(line => line.Split(':')).First(fields => fields[2] == "0")[0];
        if (!Environment.IsPrivilegedProcess) Assert.Skip("Only root may give a file to any group.");
        StatusSettings named = new() { Socket = _folder["group.sock"], Group = group };
        agent.Reload(agent.Configuration with { Status = named });
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(named.Socket));
        Assert.False(File.Exists(agent.Configuration.Status.Socket));
        Refused(agent, named.Socket, named with { Socket = _folder["none.sock"], Group = "no-such-group" }, "There is no group 'no-such-group'");
    }

    [Fact]
    public void What_another_program_has_is_left_alone_and_what_a_killed_agent_left_is_replaced()
    {
        using RunningAgent agent = Agent();
        using RunningAgent other = Agent();
        string socket = other.Configuration.Status.Socket;
        Refused(other, socket, agent.Configuration.Status, "Another program listens there.");
        Refused(other, socket, new StatusSettings { Socket = _folder.Write("file", "mine") }, "There is a file or a folder of this name.");
        Refused(other, socket, new StatusSettings { Socket = _folder.Path }, "There is a file or a folder of this name.");
        Assert.NotEmpty(Ask(agent.Configuration.Status.Socket));
        Assert.Equal("mine\n", File.ReadAllText(_folder["file"]));

        // .NET removes the file of a socket that it closes; a killed process does not.
        using (Socket killed = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            killed.Bind(new UnixDomainSocketEndPoint(_folder["bound"]));
            File.Move(_folder["bound"], _folder["left"]);
        }

        other.Reload(other.Configuration with { Status = new StatusSettings { Socket = _folder["left"] } });
        Assert.NotEmpty(Ask(_folder["left"]));
    }

    /// <summary>Reloading is refused, and the agent still answers where it did.</summary>
    private static void Refused(RunningAgent agent, string socket, StatusSettings wanted, string why)
    {
        XenException error = Assert.Throws<XenException>(() => agent.Reload(agent.Configuration with { Status = wanted }));
        Assert.Equal(XenErrorId.InvalidConfiguration, error.Id);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        using JsonDocument status = JsonDocument.Parse(Ask(socket));
        Assert.True(status.RootElement.GetProperty("isReloadRefused").GetBoolean());
    }

    private static RunningAgent Agent()
    {
        RunningAgent agent = new(new SimulatedHypervisor(new SimulationOptions { Domains = [new() { Id = 1, Name = "web01", Workload = Workload.Idle }] }), SeeCpuid);
        agent.AwaitSaid("is watched");
        return agent;
    }

    private static void Do(RunningAgent agent, params IReadOnlyList<GuestAction> actions)
    {
        Task done = agent.Host["web01"].VCpus[0].RunAsync(actions);
        Until.True(() => done.IsCompletedSuccessfully);
    }

    private string Get(string path) => Send($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");

    private string Send(string request)
    {
        using Socket socket = Connect(_folder["metrics.sock"]);
        socket.Send(Encoding.ASCII.GetBytes(request));
        return Encoding.UTF8.GetString(ReadAll(socket));
    }

    private static AgentStatus Status(RunningAgent agent) => AgentClient.Ask(agent.Configuration.Status.Socket, TestContext.Current.CancellationToken);

    private static byte[] Ask(string path)
    {
        using Socket socket = Connect(path);
        return ReadAll(socket);
    }

    private static Socket Connect(string path)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)Until.Patience.TotalMilliseconds };
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    private static byte[] ReadAll(Socket socket)
    {
        using NetworkStream stream = new(socket);
        using MemoryStream all = new();
        stream.CopyTo(all);
        return all.ToArray();
    }
}
