using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>How often the pump looks for a request before it sleeps.</summary>
public class WaitStrategyTests
{
    [Fact]
    public void Where_looking_is_in_vain_it_looks_less_and_less()
    {
        QuietChannel channel = new();
        WaitStrategy wait = new(channel, new NoPorts());
        int looks = 0;
        for (int sleep = 0; sleep < 2000; sleep++)
        {
            channel.Asked = false;
            Assert.False(wait.Look());
            if (channel.Asked) looks++;
        }

        // Each time twice as many sleeps without a look come in between, 256 at most.
        Assert.Equal(Environment.ProcessorCount > 1 ? 15 : 0, looks);
    }

    [Fact]
    public void A_waking_is_noticed()
    {
        WaitStrategy wait = new(new QuietChannel(), new NoPorts());
        wait.BeginRound();
        wait.Wake();
        if (Environment.ProcessorCount > 1) Assert.True(wait.Look());
        wait.Sleep(Timeout.InfiniteTimeSpan); // It must not: somebody has something to do.
    }

    /// <summary>Has no request, and tells whether it was asked.</summary>
    private sealed class QuietChannel() : MonitorChannel(new NoPorts())
    {
        public bool Asked { get; set; }

        public override bool HasRequest
        {
            get
            {
                Asked = true;
                return false;
            }
        }

        public override long Overwritten => 0;

        public override bool AnswersAll => true;

        public override int Room => 8;

        public override int Capacity => 8;

        public override bool TryRead(Span<byte> destination) => false;

        public override Span<byte> ResponseTo(uint vcpu, bool synchronous) => default;

        public override void Flush()
        {
        }

        public override void MakeRoom(int vcpus)
        {
        }

        public override bool FinalCheck() => throw new InvalidOperationException("It sleeps.");
    }

    private sealed class NoPorts : IEventPorts
    {
        public uint RingPort => 0;

        public IReadOnlyList<uint> SlotPorts => [];

        public int Wait(Span<uint> signalled, TimeSpan timeout) => 0;

        public void Unmask(ReadOnlySpan<uint> ports)
        {
        }

        public void Notify(uint port)
        {
        }

        public bool TakeDomainNews() => false;

        public void Wake()
        {
        }
    }
}
