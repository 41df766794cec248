using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class ClockTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void Events_have_the_time_of_the_clock_also_after_it_was_set(int hours)
    {
        SettableClock clock = new();
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = MonitorSession.Start(host, host.Guest().Identity, new MonitorOptions { Clock = clock });
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));
        VmEvent before = Next();
        DateTimeOffset time = before.Time;
        AssertNow(before);

        clock.Offset = hours * Hour;

        // What the pump reads before it looks has the time of the old clock.
        Hosts.Until(() => IsNow(Next()));
        AssertNow(Next());
        Assert.Equal(time, before.Time);

        VmEvent Next()
        {
            host.Guest().Run(GuestAction.Cpuid(0));
            return seen.Next<CpuidEvent>();
        }

        // This is longer than any wait here, and much shorter than an hour.
        bool IsNow(VmEvent one) => (clock.GetUtcNow() - one.Time).Duration() < Hour / 2;

        void AssertNow(VmEvent one) => Assert.True(IsNow(one), $"The event is of {one.Time}, and it is {clock.GetUtcNow()}.");
    }

    [Fact]
    public void Of_a_clock_that_is_set_again_and_again_only_the_last_changes_are_remembered()
    {
        SettableClock settable = new();
        EventClock clock = new(settable);
        long first = settable.GetTimestamp();
        DateTimeOffset start = clock.TimeOf(first);
        for (int i = 1; i <= 200; i++)
        {
            settable.Offset = i * Hour;

            // A look while the machine is busy tells nothing, and is repeated.
            Hosts.Until(() =>
            {
                clock.Look();
                return (settable.GetUtcNow() - clock.TimeOf(settable.GetTimestamp())).Duration() < Hour / 2;
            });
        }

        Assert.True(clock.TimeOf(first) - start > 100 * Hour);
    }

    /// <summary>The machine's clock, wrong by as much as a test says.</summary>
    private sealed class SettableClock : TimeProvider
    {
        private long _offset;

        public TimeSpan Offset
        {
            set => Volatile.Write(ref _offset, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + TimeSpan.FromTicks(Volatile.Read(ref _offset));
    }
}
