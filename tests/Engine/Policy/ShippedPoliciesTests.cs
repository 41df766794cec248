using System.Globalization;
using System.Text.Json.Nodes;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;
using XenVmEvent.PolicyFiles;
using XenVmEvent.Recording;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Policy;

/// <summary>
/// The policies in docs/policies decide rightly, live and on their recordings, and stay silent on the boot of a real Linux.
/// tests/Dom0 applies them to one that runs.
/// </summary>
public sealed class ShippedPoliciesTests : IDisposable
{
    /// <summary>The symbols of the simulated guest, by the addresses at which it writes its memory.</summary>
    private const string Symbols = """
        ffff888000400000 T _stext
        ffff888000402000 T _etext
        ffff888000402800 D sys_call_table
        ffff888000403000 D other
        ffffffff81000000 T _text
        ffffffff81a00000 T entry_SYSCALL_64
        ffffffff82000000 T _end
        """;

    private const uint Cstar = 0xc000_0083;
    private const ulong Rootkit = 0xffff_ffff_c066_6000;

    /// <summary>What a guest does that a policy is about, and what the policy makes of it: each rule with its events and answers.</summary>
    private static readonly Dictionary<string, (GuestAction[] Actions, (string Rule, long Fitted, long Answered)[] Rules)> Scenarios = new()
    {
        ["syscall-entry"] = (
            [
                GuestAction.WriteMsr(Cstar, 0xffff_ffff_81a0_1000), // The first value may be any.
                GuestAction.WriteMsr(Msr.Lstar, 0xffff_ffff_81a0_0000), // The same value again.
                GuestAction.WriteMsr(Msr.Lstar, Rootkit),
                GuestAction.WriteMsr(Msr.SysenterEip, Rootkit),
                GuestAction.WriteMsr(Cstar, Rootkit),
            ],
            [("entry-moved", 3, 3)]),
        ["control-registers"] = (
            [
                GuestAction.Cpuid(0, fromProgram: true),
                GuestAction.WriteControlRegister(ControlRegister.CR4, 0x3506f0), // SMAP and UMIP come on.
                GuestAction.WriteControlRegister(ControlRegister.CR4, 0x350670), // PGE
                GuestAction.WriteControlRegister(ControlRegister.CR4, 0x2506f0), // SMEP goes off.
                GuestAction.WriteControlRegister(ControlRegister.CR0, 0x80050033 ^ 8), // TS
                GuestAction.WriteControlRegister(ControlRegister.CR0, 0x80040033), // WP goes off.
                GuestAction.WriteControlRegister(ControlRegister.CR4, 0x1506f0), // SMAP goes off.
            ],
            [("smep-smap-umip-off", 2, 2), ("write-protection-off", 1, 1)]),
        ["kernel-text"] = (
            [
                GuestAction.Cpuid(0, fromProgram: true),
                GuestAction.WritePage(0x400, 0, 1), // Its code
                GuestAction.WritePage(0x402, 0x100, 1), // Beside the table
                GuestAction.WritePage(0x402, 0x800, 1),
                GuestAction.WritePage(0x402, 0xff8, 1),
                GuestAction.WritePage(0x403, 0, 1),
            ],
            [("system-call-table", 2, 2), ("kernel-patched", 1, 0)]),
        ["descriptor-tables"] = (
            [
                GuestAction.Cpuid(0, fromProgram: true),
                GuestAction.DescriptorAccess(1, isWrite: false),
                GuestAction.DescriptorAccess(3, isWrite: true), // LDT
                GuestAction.DescriptorAccess(1, isWrite: true),
                GuestAction.DescriptorAccess(2, isWrite: true),
            ],
            [("table-loaded", 2, 0)]),
        ["cpuid-mask"] = (
            [
                GuestAction.Cpuid(1),
                GuestAction.Cpuid(0x4000_0000),
                GuestAction.Cpuid(1, fromProgram: true),
                GuestAction.Cpuid(7, fromProgram: true),
                GuestAction.Cpuid(0x4000_0000, fromProgram: true),
                GuestAction.Cpuid(0x4000_0001, fromProgram: true),
            ],
            [("hypervisor-bit", 1, 1), ("hypervisor-leaves", 2, 2)]),
        ["cr3-log"] = ([.. Enumerable.Range(1, 250).Select(i => GuestAction.WriteControlRegister(ControlRegister.CR3, (ulong)i << 12))], [("cr3", 250, 0)]),
    };

    private static readonly EventWatch Everything = Watches.Msrs(Msr.Lstar, Cstar, Msr.SysenterCs, Msr.SysenterEsp, Msr.SysenterEip) with
    {
        Kinds = [VmEventKind.MovToMsr, VmEventKind.WriteControlRegister, VmEventKind.DescriptorAccess, VmEventKind.Cpuid, VmEventKind.MemAccess],
        Pages = new PageWatch { Access = PageAccess.Write, Ranges = [new GfnRange(0x400, 0x403)], Repeat = true },
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("policies").FullName;

    public ShippedPoliciesTests()
    {
        foreach (string file in Directory.EnumerateFiles(Repository.PathOf("docs/policies"), "*.yaml")) File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
        File.WriteAllText(PathOf("System.map"), Symbols);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string> Names => [.. Directory.EnumerateFiles(Repository.PathOf("docs/policies"), "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)).Order()];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_schema_has_nothing_against_it(string name) =>
        Assert.True(SchemaTests.IsValid(ToJson(YamlTree.Read(File.ReadAllText(PathOf($"{name}.yaml")))).AsObject()));

    [Theory]
    [MemberData(nameof(Names))]
    public void It_decides_rightly_while_the_guest_waits(string name)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        (GuestAction[] actions, (string, long, long)[] rules) = Scenarios[name];
        using EventSubscription seen = session.Apply(PolicyFile.Read(PathOf($"{name}.yaml")).RulesFor(host, session.Domain, Assert.Fail));
        foreach (GuestAction action in actions)
        {
            host.Guest().Run(action);
            if (action == GuestAction.Cpuid(0, fromProgram: true)) Hosts.Until(() => seen.RuleCounts.All(one => one.HasBegun) && ArePagesRestricted(session, name));
        }

        Hosts.Until(() => session.GetStatistics().Answered >= seen.RuleCounts.Sum(one => one.Fitted)); // CR3 does not wait.
        Assert.Equal(rules, seen.RuleCounts.Select(one => (one.Rule, one.Fitted, one.Answered)));
        Assert.All(seen.RuleCounts, one => Assert.Equal(0, one.Unsuitable));
        session.Stop();
        host.Guest().AssertFree();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_decides_the_same_on_its_recording(string name)
    {
        PolicyTrial trial = Try(name, Repository.PathOf($"docs/policies/{name}.jsonl.gz"));
        Assert.Equal(Scenarios[name].Rules, trial.Rules.Select(one => (one.Rule!, one.Fitted, one.Answered)));
    }

    /// <summary>The recording is of Debian's kernel 6.1 with two vCPUs on Xen 4.20, from its first instruction to its shutdown.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void It_is_silent_on_the_boot_of_a_real_Linux(string name)
    {
        PolicyTrial trial = Try(name, Repository.PathOf("docs/policies/linux-boot.jsonl.gz"));
        Assert.True(trial.Events > 300, $"The recording has only {trial.Events} events.");
        foreach (RuleTrial rule in trial.Rules) Assert.True(rule.Severity < RuleSeverity.Warning || rule.Fitted == 0, $"{rule.Rule} fitted {rule.Fitted} events.");
    }

    /// <summary>Makes the recordings: set XENVMEVENT_WRITE_RECORDINGS and run this once after a scenario has changed.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Its_recording_can_be_made_again(string name)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        string folder = Environment.GetEnvironmentVariable("XENVMEVENT_WRITE_RECORDINGS") is { Length: > 0 } ? Repository.PathOf("docs/policies") : _folder;
        string file = Path.Combine(folder, $"{name}.jsonl.gz");
        using (EventSubscription events = session.Watch(Everything))
        using (RecordingWriter recording = RecordingWriter.Open(file))
        {
            recording.Begin();
            host.Guest().Run(Scenarios[name].Actions);
            session.Stop();
            while (events.TryTake(out VmEvent? one)) recording.Write(one);
            recording.Close();
        }

        PolicyTrial trial = Try(name, file);
        Assert.Equal(Scenarios[name].Rules, trial.Rules.Select(one => (one.Rule!, one.Fitted, one.Answered)));
    }

    /// <summary>Rules begin before their pages are restricted, so that no event is undecided.</summary>
    private static bool ArePagesRestricted(MonitorSession session, string name) =>
        name != "kernel-text" || session.GetMemAccess([new GfnRange(0x400, 0x402)]).All(one => one.Access == MemAccess.RX);

    private string PathOf(string file) => Path.Combine(_folder, file);

    private PolicyTrial Try(string name, string recording)
    {
        PolicyTrial trial = new(PolicyFile.Read(PathOf($"{name}.yaml")));
        using RecordingReader reader = RecordingReader.Open(recording);
        while (reader.Read() is { } one) trial.Add(one);
        return trial;
    }

    /// <summary>The tree as an editor's YAML parser types it.</summary>
    private static JsonNode ToJson(PolicyNode node) => node.Kind switch
    {
        PolicyNodeKind.List => new JsonArray([.. node.Items.Select(ToJson)]),
        PolicyNodeKind.Map => new JsonObject(node.Entries.Select(entry => KeyValuePair.Create<string, JsonNode?>(entry.Key.Text, ToJson(entry.Value)))),
        _ when node.Text is "true" or "false" => node.Text == "true",
        _ when long.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) => number,
        _ => node.Text,
    };
}
