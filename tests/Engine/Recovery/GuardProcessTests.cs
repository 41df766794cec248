using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using XenVmEvent.Tests.Xen;
using Xunit;

namespace XenVmEvent.Tests.Recovery;

/// <summary>The listener's side, with a guard that only writes down how it is called.</summary>
[SupportedOSPlatform("linux")]
public sealed class GuardProcessTests : IDisposable
{
    private readonly TemporaryRoot _folder = new();
    private readonly ConcurrentQueue<string> _warnings = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_is_told_of_every_change_and_let_go_at_the_end()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        using GuardedHypervisor guarded = new(host, Program(), _warnings.Enqueue) { StateFolder = _folder.Path };
        string[] told;
        using (MonitorSession session = guarded.Session(ChannelPreference.Ring, listenerRequired: true))
        {
            // The file is gone at the end, and can be read on.
            using FileStream state = OpenState();
            using (session.Watch(Watches.For(VmEventKind.Cpuid)))
            using (session.Watch(Watches.Msrs(Msr.Lstar)))
            using (EventSubscription seen = session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(0x180, 0x183))))
            {
                host.Guest().Run(GuestAction.WritePage(0x181, 0, 1), GuestAction.Cpuid(0));
                Assert.Equal(0x181u, seen.Next<MemAccessEvent>().Gfn);
            }

            Assert.True(File.Exists(state.Name));
            session.Stop();
            Assert.False(File.Exists(state.Name));
            told = new StreamReader(state).ReadToEnd().Split('\n');
        }

        Assert.StartsWith($"guard 5 {host.Guest().Identity.Uuid} /", Assert.Single(Started()), StringComparison.Ordinal);
        foreach (string line in (string[])["enabling", "enabled ring", "required True", "on Cpuid 0", "off Cpuid 0", $"on MovToMsr {Msr.Lstar}", $"off MovToMsr {Msr.Lstar}", "required False", "disabled"])
        {
            Assert.Contains(line, told);
        }

        Assert.Contains(told, l => l.StartsWith("pages ", StringComparison.Ordinal) && l.EndsWith(" Rwx", StringComparison.Ordinal));
        Assert.Empty(_warnings);
        host.Guest().AssertFree();
    }

    [Fact]
    public void One_that_stands_still_keeps_nobody_waiting()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardedHypervisor guarded = new(host, Script($"#!/bin/sh\necho {Guard.Ready}\nexec sleep 600\n"), _warnings.Enqueue) { StateFolder = _folder.Path };
        using MonitorSession session = guarded.Session(ChannelPreference.Ring);
        using FileStream state = OpenState();

        // More than fits into a pipe: what nobody reads.
        for (int i = 0; i < 5000; i++) session.Watch(Watches.For(VmEventKind.Cpuid)).Dispose();

        session.Watch(Watches.For(VmEventKind.Cpuid));
        GuardState? left = GuardStateFile.Read(state.Name);
        Assert.Equal([(VmEventKind.Cpuid, 0u)], left!.Switches);
        Assert.True(new FileInfo(state.Name).Length < 128 * 1024);
        session.Stop();
        host.Guest().AssertFree();
    }

    [Fact]
    public void A_reset_has_one_as_long_as_it_lasts()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardedHypervisor guarded = new(host, Program(), _warnings.Enqueue) { StateFolder = _folder.Path };
        using (guarded.GuardReset(host.Guest().Identity))
        {
            using FileStream state = OpenState();
            Assert.True(GuardStateFile.Read(state.Name)!.IsResetting);
        }

        Assert.EndsWith(" --late", Assert.Single(Started()), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path, "guard-*"));
        Assert.False(MonitorReset.Run(guarded, host.Guest().Identity).WasMonitored);
        Assert.Equal(2, Started().Length);
    }

    [Fact]
    public void A_reset_without_one_frees_the_guest_all_the_same_and_says_so()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardedHypervisor guarded = new(host, "/nowhere/xenvmevent", _warnings.Enqueue) { StateFolder = _folder.Path };
        using (host.Enable(ChannelPreference.Ring))
        {
            // It is gone.
        }

        Assert.True(MonitorReset.Run(guarded, host.Guest().Identity).WasMonitored);
        Assert.Contains("does not start", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_is_killed_is_mended_and_told_everything_again()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardedHypervisor guarded = new(host, Program(), _warnings.Enqueue) { StateFolder = _folder.Path };
        using MonitorSession session = guarded.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));
        int first = ProcessId();
        Process.GetProcessById(first).Kill();
        Hosts.Until(() => !_warnings.IsEmpty);
        Assert.Contains("was killed and has been restarted", Assert.Single(_warnings), StringComparison.Ordinal);
        Assert.NotEqual(first, ProcessId());
        Assert.EndsWith(" --late", Started()[1], StringComparison.Ordinal);
        using (FileStream state = OpenState()) Assert.Equal([(VmEventKind.Cpuid, 0u)], GuardStateFile.Read(state.Name)!.Switches);
        host.Guest().Run(GuestAction.Cpuid(1));
        Assert.Equal(1u, seen.Next<CpuidEvent>().Leaf);
    }

    [Fact]
    public void No_second_one_is_started_to_free_what_a_corrupt_ring_left_paused()
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 3);
        using GuardedHypervisor guarded = new(host, Program(), _warnings.Enqueue) { StateFolder = _folder.Path };
        using MonitorSession session = guarded.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(Watches.Everything);
        while (session.End is null)
        {
            // A tear can be overwritten before it is seen.
            host.Guest().Faults.TearAtEvent = 1;
            while (seen.TryTake(out _))
            {
                // The guest is not to wait for room.
            }
        }

        Assert.Equal(XenErrorId.CorruptChannel, session.End.Failure?.Id);
        host.Guest().AssertFree();
        Assert.Single(Started());
    }

    [Fact]
    public void Without_its_program_nothing_is_begun()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardedHypervisor guarded = new(host, "/nowhere/xenvmevent", _warnings.Enqueue) { StateFolder = _folder.Path };
        XenException error = Hosts.Refused(XenErrorId.GuardFailed, () => guarded.Session(ChannelPreference.Ring));
        Assert.Equal(RemedyTask.GoWithoutGuard, error.RemedyTask);
        host.Guest().AssertFree();
    }

    [Fact]
    public void What_the_host_cannot_do_is_said_before_a_guard_is_started()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { OffersSlottedChannel = false });
        using GuardedHypervisor guarded = new(host, "/nowhere/xenvmevent", _warnings.Enqueue);
        Hosts.Refused(XenErrorId.NotSupported, () => guarded.Session(ChannelPreference.Slotted));
        Hosts.Refused(XenErrorId.GuardFailed, () => guarded.Session(ChannelPreference.Auto));
    }

    [Fact]
    public void What_it_says_when_it_does_not_start_is_said_on()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardedHypervisor guarded = new(host, Script("#!/bin/sh\necho 'no ring to hold' >&2\nexit 1\n"), _warnings.Enqueue) { StateFolder = _folder.Path };
        XenException error = Hosts.Refused(XenErrorId.GuardFailed, () => guarded.Session(ChannelPreference.Ring));
        Assert.Contains("no ring to hold", error.Message, StringComparison.Ordinal);
        host.Guest().AssertFree();
    }

    [Fact]
    public void A_busy_domain_is_refused_as_without_a_guard()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardedHypervisor guarded = new(host, Program(), _warnings.Enqueue) { StateFolder = _folder.Path };
        using IDomainMonitor other = host.Enable(ChannelPreference.Ring);
        Hosts.Refused(XenErrorId.MonitorBusy, () => guarded.Session(ChannelPreference.Ring));
        Assert.True(host.Guest().IsMonitored);
        Assert.Empty(Started());
    }

    [Fact]
    public void In_a_scope_of_its_own_it_is_the_same_process()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        string asked = Path.Combine(_folder.Path, "asked");
        using GuardedHypervisor guarded = Scoped(host, $"#!/bin/sh\necho $$ \"$@\" > '{asked}'\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"\n");
        using MonitorSession session = guarded.Session(ChannelPreference.Ring);
        string call = File.ReadAllText(asked);
        Assert.StartsWith($"{ProcessId()} --scope ", call, StringComparison.Ordinal);
        Assert.Contains("--slice=system.slice", call, StringComparison.Ordinal);
        session.Stop();
        Assert.Single(Started());
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData("#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n", "Failed to connect to bus")]
    [InlineData(null, "does not start")]
    public void Without_a_scope_of_its_own_it_is_there_all_the_same_and_that_is_said(string? systemdRun, string why)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardedHypervisor guarded = Scoped(host, systemdRun);
        using MonitorSession session = guarded.Session(ChannelPreference.Ring);
        string warning = Assert.Single(_warnings);
        Assert.Contains("no systemd scope of its own", warning, StringComparison.Ordinal);
        Assert.Contains(why, warning, StringComparison.Ordinal);
        Assert.Single(Started());
        session.Stop();
    }

    [Theory]
    [InlineData("systemd", true, true)]
    [InlineData("bash", true, false)]
    [InlineData("systemd", false, false)]
    public void A_scope_is_had_where_systemd_is_process_1(string first, bool isBooted, bool has)
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "proc/1"));
        File.WriteAllText(Path.Combine(_folder.Path, "proc/1/comm"), first + "\n");
        if (isBooted) Directory.CreateDirectory(Path.Combine(_folder.Path, "run/systemd/system"));
        Assert.Equal(has, GuardScope.Find(_folder.Path, "/nowhere") is not null);
    }

    private GuardedHypervisor Scoped(SimulatedHypervisor host, string? systemdRun)
    {
        string file = Path.Combine(_folder.Path, "systemd-run");
        if (systemdRun is not null)
        {
            File.WriteAllText(file, systemdRun);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return new GuardedHypervisor(host, Program(), _warnings.Enqueue) { StateFolder = _folder.Path, Scope = new GuardScope(file) };
    }

    private FileStream OpenState() =>
        new(Assert.Single(Directory.GetFiles(_folder.Path, "guard-*")), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private string[] Started()
    {
        string log = Path.Combine(_folder.Path, "log");
        return File.Exists(log) ? File.ReadAllLines(log) : [];
    }

    private int ProcessId() => int.Parse(File.ReadAllText(Path.Combine(_folder.Path, "pid")), CultureInfo.InvariantCulture);

    private string Program() =>
        Script($"#!/bin/sh\ncd '{_folder.Path}'\necho $$ > pid\necho \"$@\" >> log\necho {Guard.Ready}\nexec cat >> log\n");

    private string Script(string text)
    {
        string path = Path.Combine(_folder.Path, "xenvmevent");
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
