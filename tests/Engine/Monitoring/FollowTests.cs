using System.Collections.Concurrent;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>Guests that come and go while they are followed.</summary>
public sealed class FollowTests : IDisposable
{
    private static readonly Workload Cpuid = new(GuestActionKind.Cpuid);

    private readonly SimulatedHypervisor _host = new(new SimulationOptions { Domains = [Web("web01") with { Id = 1 }, Web("db01") with { Id = 2 }] });
    private readonly ConcurrentQueue<FollowNews> _news = new();
    private readonly GatheredEvents _events = new();
    private DomainFollower? _follower;

    public void Dispose()
    {
        _follower?.Dispose();
        foreach (GatheredSession one in _events.Sessions) one.Session.Dispose();
        _events.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Guests_that_run_are_watched_and_those_that_start_later()
    {
        Follow(d => d.Name.StartsWith("web", StringComparison.Ordinal));
        Await("web01 (id 1)", FollowStep.Began);
        _host.Create(Web("web02"));
        Await("web02 (id 3)", FollowStep.Began);
        SimulatedDomain again = _host.Reboot("web01");
        Await("web01 (id 1)", FollowStep.Ended);
        Await($"{again.Identity}", FollowStep.Began);
        Assert.Contains(_news, n => $"{n}" == "web01 (id 1) has rebooted");
        Assert.Equal(again.Identity.Uuid, _host.Domains[0].Identity.Uuid);
        _host["web02"].Destroy();
        Await("web02 (id 3)", FollowStep.Ended);
        Assert.True(again.IsMonitored);
        Assert.False(_host["db01"].IsMonitored);
        Assert.Equal(["web01 (id 1)", "web02 (id 3)", "web01 (id 4)"], _news.Where(n => n.Step == FollowStep.Began).Select(n => $"{n.Domain}"));
    }

    [Fact]
    public void Of_one_that_the_toolstack_leaves_paused_everything_is_seen()
    {
        Follow(d => d.Name == "new");
        SimulatedDomain guest = _host.Create(Web("new") with { StartsPaused = true, Rounds = 100 });
        Await($"{guest.Identity}", FollowStep.Began);
        guest.Start();
        Assert.Equal(100, Take(100).Count(e => e.Domain == "new"));
        guest.Destroy();
        Await($"{guest.Identity}", FollowStep.Ended);
        Assert.False(_events.TryTake(out _, out _));
    }

    /// <summary>The toolstack unpauses it long before it is watched.</summary>
    [Fact]
    public void A_guest_that_starts_runs_only_once_it_is_watched()
    {
        using ManualResetEventSlim mayBegin = new();
        Follow(d => d.Name is "new" or "other", d =>
        {
            mayBegin.Wait();
            return Begin(d);
        });
        SimulatedDomain guest = _host.Create(Web("new") with { StartsPaused = true, Rounds = 100 });
        Hosts.Until(() => guest.Pauses == 2);
        guest.Start();

        // The follower is busy with the first.
        SimulatedDomain other = _host.Create(Web("other") with { StartsPaused = true, Rounds = 100 });
        Hosts.Until(() => other.Pauses == 2);
        other.Start();
        Assert.Equal((1, 1, DomainState.Paused), (guest.Pauses, other.Pauses, _host.StateOf(guest.Identity)));
        mayBegin.Set();
        List<VmEvent> seen = Take(200);
        Assert.Equal((100, 100), (seen.Count(e => e.Domain == "new"), seen.Count(e => e.Domain == "other")));
        Assert.All(_news, n => Assert.True(n.IsFromFirstInstruction));
    }

    [Fact]
    public void One_that_its_administrator_starts_paused_stays_paused()
    {
        Follow(d => d.Name == "new");
        SimulatedDomain guest = _host.Create(Web("new") with { StartsPaused = true });
        Await($"{guest.Identity}", FollowStep.Began);
        Assert.Equal((1, DomainState.Paused), (guest.Pauses, _host.StateOf(guest.Identity)));
    }

    [Fact]
    public void One_that_cannot_be_watched_now_is_not_kept_back_for_that()
    {
        Follow(d => d.Name == "new", _ => throw new XenException(XenErrorId.MonitorBusy, "It has a listener.", "End that."));
        SimulatedDomain guest = _host.Create(Web("new") with { StartsPaused = true });
        Await($"{guest.Identity}", FollowStep.Waits);
        guest.Start();
        Assert.Equal(0, guest.Pauses);
        Hosts.Until(() => guest.VCpus[0].Rounds > 0);
    }

    [Fact]
    public void One_whose_watch_takes_too_long_is_not_kept_back_any_longer()
    {
        using ManualResetEventSlim mayBegin = new();
        Follow(
            d => d.Name == "new",
            d =>
            {
                mayBegin.Wait();
                return Begin(d);
            },
            longestHold: TimeSpan.FromMilliseconds(50));
        SimulatedDomain guest = _host.Create(Web("new") with { StartsPaused = true });
        guest.Start();
        Hosts.Until(() => guest.VCpus[0].Rounds > 0);
        mayBegin.Set();
        Await($"{guest.Identity}", FollowStep.Began);
    }

    [Fact]
    public void Those_that_are_not_meant_or_not_complete_are_not_kept_back()
    {
        SimulatedDomain unfinished = _host.Create(Web("new") with { StartsPaused = true }, isIntroduced: false);
        SimulatedDomain stranger = _host.Create(Web("stranger") with { StartsPaused = true });
        Follow(d => d.Name is "new" or "last");
        SimulatedDomain last = _host.Create(Web("last") with { StartsPaused = true });
        Await($"{last.Identity}", FollowStep.Began);
        Assert.Equal((1, 1), (unfinished.Pauses, stranger.Pauses));
    }

    [Fact]
    public void One_that_is_kept_back_when_nothing_is_followed_any_more_runs()
    {
        using ManualResetEventSlim isEnding = new();
        Follow(d => d.Name == "new", d =>
        {
            isEnding.Wait();
            throw new XenException(XenErrorId.MonitorBusy, "It has a listener.", "End that.");
        });
        SimulatedDomain first = _host.Create(Web("new") with { StartsPaused = true });
        SimulatedDomain second = _host.Create(Web("new") with { StartsPaused = true });
        Hosts.Until(() => (first.Pauses, second.Pauses) == (2, 2));
        Thread end = new(_follower!.Dispose);
        end.Start();
        isEnding.Set();
        Assert.True(end.Join(Listener.Patience));
        Assert.Equal((1, 1), (first.Pauses, second.Pauses));
    }

    [Fact]
    public void A_guest_that_has_run_is_never_kept_back()
    {
        using IDomainListWatch watch = _host.WatchDomains();
        SimulatedDomain guest = _host.Create(Web("new") with { StartsPaused = true });
        watch.HoldBack(guest.Identity)!.Dispose();
        guest.Start();
        Assert.Null(watch.HoldBack(guest.Identity));
        Assert.Equal(0, guest.Pauses);
    }

    [Fact]
    public void One_that_is_just_being_made_is_left_alone_until_it_is_complete()
    {
        SimulatedDomain guest = _host.Create(Web("new"), isIntroduced: false);
        Follow(_ => true);
        Await("web01 (id 1)", FollowStep.Began);
        _host.Create(Web("other"));
        Await("other (id 4)", FollowStep.Began);
        Assert.False(guest.IsMonitored);
        guest.Introduce();
        Await($"{guest.Identity}", FollowStep.Began);
        Assert.DoesNotContain(_news, n => n.Error is not null);
    }

    [Fact]
    public void One_that_arrives_by_migration_is_known_by_the_name_that_it_will_have()
    {
        Follow(d => d.Name == "moved");
        SimulatedDomain guest = _host.Create(Web("moved--incoming"));
        Await($"moved (id {guest.Identity.Id})", FollowStep.Began);
        Assert.True(guest.IsMonitored);
    }

    [Fact]
    public void One_that_has_another_listener_is_tried_again_and_told_of_once()
    {
        using MonitorSession other = MonitorSession.Start(_host, _host["web01"].Identity);
        Follow(d => d.Name == "web01");
        Await("web01 (id 1)", FollowStep.Waits);
        _host.Create(Web("other")); // Other news is no reason to tell it again.
        Thread.Sleep(200);
        Assert.Equal(XenErrorId.MonitorBusy, Assert.Single(_news).Error!.Id);
        other.Stop();
        Await("web01 (id 1)", FollowStep.Began);
        Assert.Equal(2, _news.Count);
    }

    [Fact]
    public void Those_that_can_never_be_monitored_are_not_even_asked_for()
    {
        _host.Create(Web("pv") with { Type = DomainType.PV });
        ConcurrentQueue<string> asked = new();
        Follow(d =>
        {
            asked.Enqueue(d.Name);
            return true;
        });
        Await("db01 (id 2)", FollowStep.Began);
        Assert.Equal(["web01", "db01"], asked.Take(2));
        Assert.DoesNotContain("pv", asked);
        Assert.DoesNotContain("Domain-0", asked);
        Assert.All(_news, n => Assert.Equal(FollowStep.Began, n.Step));
    }

    [Fact]
    public void One_that_cannot_do_what_is_asked_is_left_out_and_told_of_once()
    {
        int tries = 0;
        Follow(d => d.Name == "web01", _ =>
        {
            tries++;
            throw new XenException(XenErrorId.NotSupported, "It cannot be done.", "Do something else.");
        });
        Await("web01 (id 1)", FollowStep.LeftOut);
        for (int i = 0; i < 3; i++) _host.Create(Web("other"));
        SimulatedDomain again = _host.Reboot("web01");
        Await($"{again.Identity}", FollowStep.LeftOut);
        Assert.Equal((2, 2), (tries, _news.Count));
    }

    [Fact]
    public void A_session_that_somebody_ends_is_not_begun_again()
    {
        Follow(d => d.Name == "web01");
        Await("web01 (id 1)", FollowStep.Began).Session!.Stop();
        Await("web01 (id 1)", FollowStep.Ended);
        _host.Create(Web("other"));
        Thread.Sleep(200);
        Assert.False(_host["web01"].IsMonitored);
        Assert.Equal(2, _news.Count);
    }

    [Fact]
    public void What_was_left_out_is_tried_again_when_somebody_asks_for_that()
    {
        bool isMeant = false;
        Follow(d => Volatile.Read(ref isMeant) || d.Name == "web01");
        Await("web01 (id 1)", FollowStep.Began).Session!.Stop();
        Await("web01 (id 1)", FollowStep.Ended);
        Volatile.Write(ref isMeant, true);
        _follower!.Reconsider();
        Await("db01 (id 2)", FollowStep.Began);
        Hosts.Until(() => _news.Count(n => n.Step == FollowStep.Began && n.Domain!.Name == "web01") == 2);
        Assert.True(_host["web01"].IsMonitored);
    }

    [Fact]
    public void One_whose_monitor_was_taken_away_is_tried_again()
    {
        Follow(d => d.Name == "web01");
        Await("web01 (id 1)", FollowStep.Began);
        _host["web01"].MonitorDisable();
        Await("web01 (id 1)", FollowStep.Ended);
        Hosts.Until(() => _news.Count(n => n.Step == FollowStep.Began) == 2);
        Assert.True(_host["web01"].IsMonitored);
    }

    [Fact]
    public void A_host_that_does_not_report_domains_is_asked()
    {
        Follow(d => d.Name.StartsWith("web", StringComparison.Ordinal), host: new RefusingHypervisor(_host, _ => false));
        Await("web01 (id 1)", FollowStep.Began);
        _host.Create(Web("web02"));
        Await("web02 (id 3)", FollowStep.Began);
    }

    [Fact]
    public void A_host_that_does_not_list_its_domains_for_a_while_is_asked_again_and_told_of_once()
    {
        int calls = 0;
        Follow(
            d => d.Name.StartsWith("web", StringComparison.Ordinal),
            host: new RefusingHypervisor(_host, call => call == nameof(IHypervisor.GetDomains) && ++calls <= 3));
        Await("web01 (id 1)", FollowStep.Began);
        Assert.Equal(XenErrorId.CallFailed, Assert.Single(_news, n => n.Domain is null).Error!.Id);
    }

    [Fact]
    public void After_its_end_nothing_is_begun()
    {
        Follow(_ => true);
        Await("db01 (id 2)", FollowStep.Began);
        _follower!.Dispose();
        SimulatedDomain late = _host.Create(Web("late"));
        Thread.Sleep(100);
        Assert.False(late.IsMonitored);
        Assert.True(_host["web01"].IsMonitored);
    }

    private static SimulatedDomainOptions Web(string name) =>
        new() { Id = 1, Name = name, Workload = Cpuid, Pages = SimulatedDomainOptions.FewestPages, RoundsPerSecond = 100 };

    private void Follow(
        Predicate<XenDomain> isMeant, Func<XenDomain, MonitorSession>? begin = null, IHypervisor? host = null, TimeSpan? longestHold = null) =>
        _follower = new DomainFollower(host ?? _host, isMeant, begin ?? Begin, _news.Enqueue, longestHold ?? StartWatch.LongestHold);

    private MonitorSession Begin(XenDomain domain)
    {
        MonitorSession session = MonitorSession.Start(_host, domain);
        _events.Watch(session, Watches.For(VmEventKind.Cpuid));
        return session;
    }

    private FollowNews Await(string domain, FollowStep step)
    {
        FollowNews? found = null;
        Hosts.Until(() => (found = _news.FirstOrDefault(n => $"{n.Domain}" == domain && n.Step == step)) is not null);
        return found!;
    }

    private List<VmEvent> Take(int count)
    {
        List<VmEvent> taken = [];
        while (taken.Count < count)
        {
            if (_events.TryTake(out VmEvent? vmEvent, out _)) taken.Add(vmEvent);
            else _events.Wait(Listener.Patience, CancellationToken.None);
        }

        return taken;
    }
}
