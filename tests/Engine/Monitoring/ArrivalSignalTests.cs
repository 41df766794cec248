using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Tests.Events;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>A consumer is woken for what arrives, whether it naps or sleeps, and misses nothing.</summary>
public sealed class ArrivalSignalTests
{
    private static readonly VmEvent Event = new Requests(7).Event(VmEventKind.Cpuid);

    /// <summary>The pauses between events are as long as a nap, so that they come just before, in and after it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_event_is_left_in_the_buffer_of_a_consumer_that_sleeps(bool atOnce)
    {
        const int events = 2000;
        using ArrivalSignal arrival = new();
        EventBuffer buffer = new(64, arrival);
        Thread pump = new(() =>
        {
            Random random = new(events);
            for (int i = 0; i < events; i++)
            {
                while (!buffer.TryAdd(Event)) Thread.Yield();
                buffer.Announce(atOnce);
                if (random.Next(4) == 0) Thread.Sleep(TimeSpan.FromMicroseconds(random.Next(2500)));
                while (buffer.Count > 0 && random.Next(8) == 0) Thread.Yield(); // Now nothing but this event can wake it.
            }
        });
        pump.Start();
        for (int taken = 0; taken < events;)
        {
            if (buffer.TryTake(out _)) taken++;
            else arrival.Wait(() => buffer.Count > 0, Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken);
        }

        pump.Join();
    }

    [Fact]
    public void What_can_wait_does_not_end_a_nap_and_what_cannot_does()
    {
        using ArrivalSignal arrival = new();
        bool isAsked = false;
        arrival.Wait(
            () =>
            {
                // It naps by now. The signal for what can wait is no reason to wake, so it asks again before it sleeps.
                if (!isAsked) arrival.SetUnlessNapping();
                else arrival.Set();
                bool isThere = isAsked;
                isAsked = true;
                return isThere;
            },
            Timeout.InfiniteTimeSpan,
            TestContext.Current.CancellationToken);
        Assert.True(isAsked);

        int asked = 0;
        arrival.Wait(
            () =>
            {
                asked++;
                arrival.Set();
                return false;
            },
            Timeout.InfiniteTimeSpan,
            TestContext.Current.CancellationToken);
        Assert.Equal(1, asked);
    }
}
