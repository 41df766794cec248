using FsCheck;
using FsCheck.Fluent;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class ViewPermissionsTests
{
    private static readonly Gen<PageWatch> SomeWatches =
        from access in Gen.Choose(1, 7)
        from repeat in Gen.Elements(true, false)
        from whole in Gen.Frequency((1, Gen.Constant(true)), (4, Gen.Constant(false)))
        from ranges in Gen.ListOf(Gen.Choose(0, 500).Zip(Gen.Choose(0, 200)), 2)
        select new PageWatch
        {
            Access = (PageAccess)access,
            Repeat = repeat,
            Ranges = whole ? [] : [.. ranges.Select(r => new GfnRange((ulong)r.Item1, (ulong)Math.Min(r.Item1 + r.Item2, 511)))],
        };

    /// <summary>A watch that comes, of all accesses or of those to the linear address 0; an access that is let go on; or one of the watches that leaves.</summary>
    private static readonly Gen<(PageWatch? Comes, bool Selects, int Choice, ulong Gfn, PageAccess Access, ulong Linear)> Moves =
        from watch in SomeWatches
        from selects in Gen.Elements(true, false)
        from linear in Gen.Elements(0UL, 1UL)
        from kind in Gen.Choose(0, 3)
        from choice in Gen.Choose(0, 99)
        from gfn in Gen.Choose(0, 511)
        from access in Gen.Elements(PageAccess.Read, PageAccess.Write, PageAccess.Execute, PageAccess.Read | PageAccess.Write)
        select (kind == 0 ? watch : null, selects, kind == 1 ? choice : -1, (ulong)gfn, access, linear);

    [Theory]
    [InlineData(0, 32)]
    [InlineData(63, 0)]
    [InlineData(5000, 2)]
    public void Many_pages_are_set_while_no_vcpu_runs_a_call_a_pause(uint named, int pauses)
    {
        // What Xen does for each page while vCPUs run it need not do while none runs.
        List<string> calls = [];
        bool isListening = false;
        using var host = new SimulatedHypervisor(new SimulationOptions
        {
            Domains = [new() { Id = 5, Name = Hosts.Guest, Pages = 1 << 17, Workload = Workload.Idle }],
        });
        using RefusingHypervisor counted = new(host, call =>
        {
            if (isListening) calls.Add(call);
            return false;
        });
        using IDomainMonitor monitor = counted.EnableMonitor(host.Guest().Identity, ChannelPreference.Ring);
        var permissions = new ViewPermissions(monitor);
        var watch = new PageWatch { Access = PageAccess.Write, Ranges = named == 0 ? [] : [new GfnRange(0, named - 1)] };
        int sets = Math.Max(pauses, 1);
        foreach (IEnumerable<int> work in (IEnumerable<int>[])[permissions.Add(watch, FilterOf(watch, selects: false)), permissions.Remove(watch)])
        {
            calls.Clear();
            isListening = true;
            Finish(work);
            isListening = false;
            Assert.Equal(pauses, calls.Count(c => c == nameof(IDomainMonitor.WhilePaused)));
            Assert.Equal(sets, calls.Count(c => c == nameof(IDomainMonitor.SetMemAccess)));
        }

        host.Guest().AssertAllPagesFree();
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void A_page_lacks_just_what_all_watches_together_want_to_see_and_gets_all_back() => Properties.Hold(
        Gen.ListOf(Moves, 25),
        60,
        moves =>
        {
            using var host = new SimulatedHypervisor(new SimulationOptions
            {
                Domains = [new() { Id = 5, Name = Hosts.Guest, Pages = 512, Workload = Workload.Idle }],
            });
            SimulatedDomain guest = host.Guest();
            using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
            var permissions = new ViewPermissions(monitor);
            var watches = new List<(PageWatch Watch, bool Selects, HashSet<ulong> Seen)>();
            foreach ((PageWatch? comes, bool selects, int leaves, ulong gfn, PageAccess access, ulong linear) in moves)
            {
                if (comes is not null)
                {
                    Finish(permissions.Add(comes, FilterOf(comes, selects)));
                    watches.Add((comes, selects, []));
                }
                else if (leaves >= 0 && watches.Count > 0)
                {
                    int index = leaves % watches.Count;
                    Finish(permissions.Remove(watches[index].Watch));
                    watches.RemoveAt(index);
                }
                else if (leaves < 0)
                {
                    bool repeats = watches.Any(w => (w.Watch.Repeat || (w.Selects && linear != 0)) && w.Watch.Covers(gfn, access) && !w.Seen.Contains(gfn));
                    if (!repeats) watches.FindAll(w => w.Watch.Covers(gfn, access)).ForEach(w => w.Seen.Add(gfn));
                    bool goesOn = permissions.Release(new RequestReader(RequestOf(host.Layout, gfn, access, linear), host.Layout));
                    Assert.Equal(!repeats && ((PageAccess)guest.GetMemAccess(gfn) & access) == access, goesOn);
                }

                for (ulong page = 0; page < 512; page++)
                    Assert.Equal(Expected(watches.Where(w => w.Watch.Covers(page) && !w.Seen.Contains(page))), guest.GetMemAccess(page));
                Assert.Equal(Expected(watches.Where(w => w.Watch.Ranges.Count == 0)), guest.DefaultMemAccess);
            }

            foreach ((PageWatch watch, _, _) in watches) Finish(permissions.Remove(watch));
            guest.AssertAllPagesFree();
        });

    [Fact]
    public void Giving_back_that_was_broken_off_is_done_again_to_its_end()
    {
        using var host = new SimulatedHypervisor(new SimulationOptions
        {
            Domains = [new() { Id = 5, Name = Hosts.Guest, Pages = 20_000, Workload = Workload.Idle }],
        });
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        var permissions = new ViewPermissions(monitor);
        var watch = new PageWatch { Access = PageAccess.Write, Repeat = true };
        Finish(permissions.Add(watch, FilterOf(watch, selects: false)));
        foreach (int _ in permissions.Remove(watch)) break;
        Assert.Equal(MemAccess.RX, host.Guest().GetMemAccess(19_999));
        Finish(permissions.Remove(watch));
        host.Guest().AssertAllPagesFree();
    }

    [Fact]
    public void Pages_that_the_domain_does_not_have_are_refused_and_nothing_changes()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        ulong last = host.Guest().Pages.MaximumGfn;
        GfnRange good = new(0, last);
        foreach (GfnRange bad in new[] { new GfnRange(last + 1), new GfnRange(0, ulong.MaxValue), new GfnRange(last, last + 1) })
        {
            XenException error = Hosts.Refused(XenErrorId.InvalidGfn, () => session.Watch(Watches.Pages(PageAccess.Write, good, bad)));
            Assert.Contains(bad.ToString(), error.Message, StringComparison.Ordinal);
        }

        host.Guest().AssertAllPagesFree();
        session.Watch(Watches.Pages(PageAccess.Write, good)).Dispose();
        host.Guest().AssertAllPagesFree();
    }

    private static EventFilter FilterOf(PageWatch pages, bool selects) => new(
        new EventWatch
        {
            Kinds = [VmEventKind.MemAccess],
            Pages = pages,
            Selection = selects ? new EventSelection { LinearAddresses = [new AddressRange(0)] } : null,
        },
        GuestArchitecture.X86);

    private static byte[] RequestOf(VmEventLayout layout, ulong gfn, PageAccess access, ulong linear)
    {
        byte[] request = new byte[layout.Size];
        ResponseWriter writer = new(request, layout);
        writer.Set(VmEventField.Reason, (ulong)VmEventKind.MemAccess);
        writer.Set(VmEventField.MemAccessGfn, gfn);
        writer.Set(VmEventField.MemAccessGla, linear);
        writer.Set(VmEventField.MemAccessFlags, (ulong)access | (ulong)MemAccessFlags.GlaValid);
        return request;
    }

    private static void Finish(IEnumerable<int> steps)
    {
        foreach (int _ in steps)
        {
            // Each step is done by asking for it.
        }
    }

    /// <summary>Hardware cannot take reading and leave writing.</summary>
    private static MemAccess Expected(IEnumerable<(PageWatch Watch, bool Selects, HashSet<ulong> Seen)> watches)
    {
        PageAccess watched = watches.Aggregate(PageAccess.None, (all, w) => all | w.Watch.Access);
        if ((watched & PageAccess.Read) != 0) watched |= PageAccess.Write;
        return (MemAccess)((int)MemAccess.Rwx & ~(int)watched);
    }
}
