using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Recording;
using XenVmEvent.Tests.Events;
using XenVmEvent.Tests.Xen;
using Xunit;

namespace XenVmEvent.Tests.Recording;

public sealed class EventSpoolTests : IDisposable
{
    private const int Few = 2048;
    private const int Many = 20_000;

    private readonly TemporaryRoot _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Many)]
    [InlineData(Few)]
    [InlineData(3)]
    public void Events_come_out_as_they_went_in_whatever_waits_where(int atMost)
    {
        using EventSpool spool = new(Few, _folder.Path, reservedBytes: 0);
        Random random = new(atMost);
        VmEvent[] events = [.. Enumerable.Range(0, Many).Select(i => Event(i))];
        int added = 0;
        int taken = 0;
        while (taken < Many)
        {
            for (int more = random.Next(atMost) + 1; more > 0 && added < Many; more--) spool.Add(events[added++]);
            if (added > taken)
            {
                int index = random.Next(added - taken);
                Assert.Equal(events[taken + index].VCpu, spool.Peek(index)!.VCpu);
            }

            for (int some = random.Next(atMost) + 1; some > 0 && taken < added; some--) RecordedEvents.AssertSame(events[taken++], spool.Take()!);
            Assert.Equal(added - taken, spool.Count);
        }

        Assert.Null(spool.Take());
        Assert.Equal((0, null), (spool.Lost, spool.WhyLost));
        if (atMost == Many) Assert.True(spool.Spilled > 0);
        if (atMost < 10) Assert.Equal(0, spool.Spilled);
    }

    [Fact]
    public void So_many_are_in_memory_and_none_in_a_file_that_others_can_see()
    {
        using EventSpool spool = new(Few, _folder.Path, reservedBytes: 0);
        List<WeakReference> seen = AddMany(spool);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.InRange(seen.Count(e => e.IsAlive), 1, 3 * Few);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
        Assert.Equal(Many, spool.Count);
    }

    [Fact]
    public void What_has_been_on_the_disk_is_of_the_same_session()
    {
        using EventSpool spool = new(Few, _folder.Path, reservedBytes: 0);
        SessionSource source = Source();
        for (int i = 0; i < Many; i++) spool.Add(Event(i, source));
        for (int i = 0; i < Many; i++) Assert.Same(source.Losses, spool.Take()!.Losses);
    }

    [Fact]
    public void What_the_disk_has_no_room_for_is_lost_and_told_of()
    {
        using EventSpool spool = new(Few, _folder.Path, reservedBytes: long.MaxValue / 2);
        SessionSource source = Source();
        for (int i = 0; i < Many; i++) spool.Add(Event(i, source));
        List<VmEvent> left = [];
        for (int i = 0; i < Many; i++)
        {
            if (spool.Take() is { } vmEvent) left.Add(vmEvent);
        }

        Assert.Equal(0, spool.Spilled);
        Assert.InRange(spool.Lost, 1, Many - Few);
        Assert.Equal(Many, left.Count + spool.Lost);
        Assert.Equal(0u, left[0].VCpu);
        Assert.Equal((uint)Many - 1, left[^1].VCpu);
        Assert.Contains(_folder.Path, spool.WhyLost, StringComparison.Ordinal);
        long none = 0;
        IReadOnlyList<EventLoss> losses = source.Losses.Since(ref none);
        Assert.Equal(spool.Lost, losses.Sum(l => l.Events));
        Assert.All(losses, l => Assert.Equal(("web01", 5u, LossReason.DiskFailed), (l.Domain, l.DomainId, l.Reason)));
    }

    [Fact]
    public void A_folder_that_is_none_is_told_of_too()
    {
        using EventSpool spool = new(Few, Path.Combine(_folder.Path, "none"), reservedBytes: 0);
        for (int i = 0; i < Many; i++) spool.Add(Event(i));
        Assert.True(spool.Lost > 0);
    }

    private static List<WeakReference> AddMany(EventSpool spool)
    {
        List<WeakReference> seen = [];
        for (int i = 0; i < Many; i++)
        {
            VmEvent vmEvent = Event(i);
            seen.Add(new WeakReference(vmEvent));
            spool.Add(vmEvent);
        }

        return seen;
    }

    private static SessionSource Source() =>
        new(5, "web01", VmEventLayout.ForVersion(VmEventLayout.NewestVersion), GuestArchitecture.X86, new Requests(VmEventLayout.NewestVersion), new LossLog(isComplete: false));

    private static VmEvent Event(int number, SessionSource? source = null)
    {
        VmEventLayout layout = VmEventLayout.ForVersion(VmEventLayout.NewestVersion);
        byte[] request = new byte[layout.Size];
        ResponseWriter writer = new(request, layout);
        writer.Set(VmEventField.Reason, (ulong)VmEventKind.Cpuid);
        writer.Set(VmEventField.VCpuId, (ulong)number);
        VmEvent vmEvent = VmEventFactory.Create(source ?? Source(), new RequestReader(request, layout), number);
        vmEvent.Restore(VmEventResponse.Continue, ResponseState.Default, number + 7);
        return vmEvent;
    }
}
