using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using XenVmEvent.Abi;
using Xunit;

namespace XenVmEvent.Tests.Abi;

public class BackRingTests
{
    private static readonly Gen<VmEventLayout> Layouts =
        Gen.Choose(VmEventLayout.OldestVersion, VmEventLayout.NewestVersion).Select(VmEventLayout.ForVersion);

    /// <summary>The start of the indices, chosen mostly so that they soon wrap.</summary>
    private static readonly Gen<uint> Starts =
        Gen.OneOf(Gen.Choose(-40, 3).Select(i => unchecked((uint)i)), Gen.Constant(0u), Gen.Constant(0x7fff_fff8u));

    private enum Move
    {
        Produce,
        Read,
        Respond,
        Publish,
        TakeResponses,
        FinalCheck,
    }

    [Fact]
    public void Whatever_the_order_of_moves_every_request_is_read_once_and_every_response_arrives() => Properties.Hold(
        Layouts.Zip(Gen.Choose(1, 5)).Zip(Starts).Zip(Gen.ListOf(Gen.Elements(Enum.GetValues<Move>()), 400)),
        300,
        one =>
        {
            (((VmEventLayout layout, int pages), uint start), IList<Move> moves) = one;
            using var memory = SharedMemory.Allocate(pages * SharedMemory.PageSize);
            BackRing ring = At(start, new BackRing(memory, layout, answered: true), memory);
            var front = new FrontEnd(memory, layout, start);
            Assert.Equal(front.Entries, ring.Entries);
            byte[] buffer = new byte[layout.Size];
            ulong produced = 0;
            ulong read = 0;
            var unanswered = new List<ulong>();
            var written = new List<ulong>();
            var onTheWay = new Queue<ulong>();
            foreach (Move move in moves)
            {
                switch (move)
                {
                    case Move.Produce:
                        if (front.HasRoom) front.Produce(produced++);
                        break;
                    case Move.Read:
                        Assert.Equal(read < produced, ring.TryRead(buffer));
                        if (read == produced) break;
                        Assert.Equal(read, front.NumberIn(buffer));
                        unanswered.Add(read++);
                        break;
                    case Move.Respond when unanswered.Count > 0:
                        // The order does not matter, because Xen looks at the vCPU.
                        int index = (int)(produced % (ulong)unanswered.Count);
                        front.Fill(ring.NextResponse(), unanswered[index]);
                        written.Add(unanswered[index]);
                        unanswered.RemoveAt(index);
                        break;
                    case Move.Publish:
                        Assert.Equal(written.Count > 0, ring.Publish());
                        written.ForEach(onTheWay.Enqueue);
                        written.Clear();
                        break;
                    case Move.TakeResponses:
                        Assert.Equal(onTheWay, front.TakeResponses());
                        onTheWay.Clear();
                        break;
                    case Move.FinalCheck:
                        Assert.Equal(read < produced, ring.FinalCheck());
                        Assert.Equal(start + (uint)read + 1, front.RequestEvent);
                        break;
                }

                Assert.Equal(read < produced, ring.HasRequest);
                Assert.Equal(unanswered.Count, ring.Unanswered);
            }

            Assert.Equal(0, ring.Lost);
        });

    [Fact]
    [Trait("Speed", "Slow")]
    public void An_unanswered_ring_counts_exactly_what_was_overwritten() => Properties.Hold(
        Layouts.Zip(Gen.Choose(1, 3)).Zip(Starts).Zip(Gen.ListOf(Gen.Choose(0, 40), 60)),
        300,
        one =>
        {
            (((VmEventLayout layout, int pages), uint start), IList<int> bursts) = one;
            using var memory = SharedMemory.Allocate(pages * SharedMemory.PageSize);
            BackRing ring = At(start, new BackRing(memory, layout, answered: false), memory);
            var front = new FrontEnd(memory, layout, start);
            byte[] buffer = new byte[layout.Size];
            ulong produced = 0;
            ulong next = 0;
            long reads = 0;
            foreach (int burst in bursts)
            {
                for (int i = 0; i < burst; i++) front.Produce(produced++);

                // This reads half of the requests, sometimes all, so that the reader is sometimes ahead and sometimes
                // behind.
                for (int i = 0; i < burst / 2 + burst % 4; i++)
                {
                    Assert.Equal(next < produced, ring.TryRead(buffer));
                    if (next == produced) break;

                    // Xen may be writing the entry one ring behind, so that entry is never read.
                    ulong oldestSafe = produced < (ulong)ring.Entries ? 0 : produced - (ulong)ring.Entries + 1;
                    next = Math.Max(next, oldestSafe);
                    Assert.Equal(next, front.NumberIn(buffer));
                    Assert.Equal((long)next - reads, ring.Lost);
                    next++;
                    reads++;
                }

                Assert.Equal(next < produced, ring.FinalCheck());
                Assert.Equal(0, ring.Unanswered);
                Assert.False(ring.Publish());
            }

            while (ring.TryRead(buffer)) reads++;
            Assert.Equal((long)produced, reads + ring.Lost);
        });

    [Fact]
    public void An_index_that_Xen_never_writes_is_a_corrupt_channel_and_nothing_is_read() => Properties.Hold(
        Layouts.Zip(Starts).Zip(Gen.Choose(0, 8)).Zip(Gen.Choose(0, 8)).Zip(Gen.OneOf(Gen.Choose(-20, 20), ArbMap.Default.GeneratorFor<int>())),
        1000,
        one =>
        {
            ((((VmEventLayout layout, uint start), int read), int answered), int shown) = one;
            answered = Math.Min(answered, read);
            using var memory = SharedMemory.Allocate(SharedMemory.PageSize);
            BackRing ring = At(start, new BackRing(memory, layout, answered: true), memory);
            var front = new FrontEnd(memory, layout, start);
            byte[] buffer = new byte[layout.Size];
            for (int i = 0; i < read; i++) front.Produce((ulong)i);
            for (int i = 0; i < read; i++) Assert.True(ring.TryRead(buffer));
            for (int i = 0; i < answered; i++) ring.NextResponse().Clear();
            ring.Publish();
            front.ShowRequestProducer(unchecked(start + (uint)shown));
            if (shown >= read && shown <= answered + ring.Entries)
            {
                Assert.Equal(shown > read, ring.HasRequest);
                return;
            }

            Assert.Equal(XenErrorId.CorruptChannel, Assert.Throws<XenException>(() => ring.HasRequest).Id);
            Assert.Equal(XenErrorId.CorruptChannel, Assert.Throws<XenException>(() => ring.TryRead(buffer)).Id);
            Assert.Equal(XenErrorId.CorruptChannel, Assert.Throws<XenException>(() => ring.FinalCheck()).Id);
            Assert.Equal(read - answered, ring.Unanswered);
        });

    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public void An_index_that_went_back_is_a_corrupt_channel_in_an_unanswered_ring_too(int back)
    {
        using var memory = SharedMemory.Allocate(SharedMemory.PageSize);
        VmEventLayout layout = VmEventLayout.ForVersion(4);
        BackRing ring = At(0, new BackRing(memory, layout, answered: false), memory);
        var front = new FrontEnd(memory, layout);
        front.Produce(0);
        Assert.True(ring.TryRead(new byte[layout.Size]));
        front.ShowRequestProducer(1 - (uint)back);
        Assert.Equal(XenErrorId.CorruptChannel, Assert.Throws<XenException>(() => ring.TryRead(new byte[layout.Size])).Id);
    }

    [Fact]
    public void A_listener_that_was_away_for_billions_of_events_goes_on_with_the_newest()
    {
        using var memory = SharedMemory.Allocate(SharedMemory.PageSize);
        VmEventLayout layout = VmEventLayout.ForVersion(4);
        BackRing ring = At(0, new BackRing(memory, layout, answered: false), memory);
        var front = new FrontEnd(memory, layout);
        front.Jump(int.MaxValue);
        for (ulong i = 0; i < 8; i++) front.Produce(i);
        front.Jump(0);

        // That is more than half of all indices, so it looks the same as an index that went back.
        Assert.Equal(XenErrorId.CorruptChannel, Assert.Throws<XenException>(() => ring.HasRequest).Id);

        front = new FrontEnd(memory, layout);
        front.Jump(int.MaxValue - 8);
        for (ulong i = 0; i < 8; i++) front.Produce(i);
        byte[] buffer = new byte[layout.Size];
        for (ulong i = 1; i < 8; i++)
        {
            Assert.True(ring.TryRead(buffer));
            Assert.Equal(i, front.NumberIn(buffer));
        }

        Assert.False(ring.TryRead(buffer));
        Assert.Equal(int.MaxValue - 7, ring.Lost);
    }

    [Fact]
    public void There_is_no_response_without_a_request()
    {
        using var memory = SharedMemory.Allocate(SharedMemory.PageSize);
        var ring = new BackRing(memory, VmEventLayout.ForVersion(7), answered: true);
        ring.Initialise();
        Assert.Throws<InvalidOperationException>(() => ring.NextResponse().Length);
        Assert.False(ring.Publish());
    }

    [Fact]
    public void A_ring_is_empty_once_initialised_whatever_lay_there()
    {
        using var memory = SharedMemory.Allocate(SharedMemory.PageSize);
        memory.Slice(0, memory.Length).Fill(0xff);
        var ring = new BackRing(memory, VmEventLayout.ForVersion(7), answered: true);
        ring.Initialise();
        Assert.False(ring.HasRequest);
        uint[] indices = [memory.ReadAcquire(0), memory.ReadAcquire(4), memory.ReadAcquire(8), memory.ReadAcquire(12)];
        Assert.Equal([0, 1, 0, 1], indices);
    }

    [Fact]
    public void A_memory_too_small_for_one_request_is_no_ring()
    {
        using var memory = SharedMemory.Allocate(256);
        Assert.Throws<ArgumentOutOfRangeException>(() => new BackRing(memory, VmEventLayout.ForVersion(7), answered: true));
    }

    [Fact]
    public void Two_threads_that_sleep_only_after_the_final_check_never_miss_each_other()
    {
        const int Count = 30_000;
        using var memory = SharedMemory.Allocate(SharedMemory.PageSize);
        VmEventLayout layout = VmEventLayout.ForVersion(7);
        BackRing ring = At(0, new BackRing(memory, layout, answered: true), memory);
        var front = new FrontEnd(memory, layout);
        using var toBack = new SemaphoreSlim(0);
        using var toFront = new SemaphoreSlim(0);
        var xen = Task.Factory.StartNew(
            () =>
            {
                for (ulong i = 0; i < Count; i++)
                {
                    while (!front.HasRoom)
                    {
                        if (front.TakeResponses().Count == 0) Assert.True(toFront.Wait(Simulation.Listener.Patience));
                    }

                    if (front.Produce(i)) toBack.Release();
                }
            },
            TaskCreationOptions.LongRunning);
        byte[] buffer = new byte[layout.Size];
        for (ulong i = 0; i < Count; i++)
        {
            while (!ring.TryRead(buffer))
            {
                if (!ring.FinalCheck()) Assert.True(toBack.Wait(Simulation.Listener.Patience));
            }

            Assert.Equal(i, front.NumberIn(buffer));
            buffer.CopyTo(ring.NextResponse());
            ring.Publish();
            toFront.Release();
        }

        Simulation.Hosts.Finish(xen);
    }

    [Fact]
    public void A_producer_that_waits_for_nobody_never_shows_a_torn_request()
    {
        const int Count = 100_000;
        using var memory = SharedMemory.Allocate(SharedMemory.PageSize);
        VmEventLayout layout = VmEventLayout.ForVersion(4);
        BackRing ring = At(0, new BackRing(memory, layout, answered: false), memory);
        var front = new FrontEnd(memory, layout);
        var xen = Task.Factory.StartNew(
            () =>
            {
                for (ulong i = 0; i < Count; i++)
                {
                    front.Produce(i);
                    if (i % 7 == 0) Thread.SpinWait(200);
                }
            },
            TaskCreationOptions.LongRunning);
        byte[] buffer = new byte[layout.Size];
        long reads = 0;
        ulong next = 0;
        while (true)
        {
            bool over = xen.IsCompleted;
            if (ring.TryRead(buffer))
            {
                ulong number = front.NumberIn(buffer);
                Assert.True(number >= next, "Requests came out of order.");
                next = number + 1;
                reads++;
            }
            else if (over)
            {
                break;
            }
        }

        Assert.Equal(Count, reads + ring.Lost);
        Simulation.Hosts.Finish(xen);
    }

    /// <summary>Starts the ring's indices at a number, as after that many requests and responses.</summary>
    private static BackRing At(uint start, BackRing ring, SharedMemory memory)
    {
        ring.Initialise();
        ReqCons(ring) = RspProd(ring) = RspPublished(ring) = start;
        memory.WriteRelease(0, start);
        memory.WriteRelease(8, start);
        return ring;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_reqCons")]
    private static extern ref uint ReqCons(BackRing ring);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_rspProd")]
    private static extern ref uint RspProd(BackRing ring);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_rspPublished")]
    private static extern ref uint RspPublished(BackRing ring);
}
