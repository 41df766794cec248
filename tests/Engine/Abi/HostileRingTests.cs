using XenVmEvent.Abi;
using XenVmEvent.Tests.Faults;
using Xunit;

namespace XenVmEvent.Tests.Abi;

/// <summary>A ring whose other side writes anything; see <see cref="SeededRuns"/>.</summary>
[Trait("Speed", "Slow")]
public class HostileRingTests(ITestOutputHelper output)
{
    private const int VCpus = 8;

    private readonly FaultFigures _figures = new();

    [Fact]
    public void Whatever_a_ring_holds_it_is_read_within_bounds_or_called_corrupt()
    {
        SeededRuns.Do(3000, atOnce: 2, seed =>
        {
            var random = new Random(seed);
            VmEventLayout layout = ChooseLayout(random);
            using GuardedMemory page = Make(random, layout, out BackRing ring);
            var writer = new HostileWriter(random, layout, VCpus) { WritesResponseIndex = true };
            byte[] buffer = new byte[layout.Size];
            for (int round = 0; round < 40; round++)
            {
                for (int changes = random.Next(4); changes > 0; changes--) writer.ChangeRing(page.Memory);
                Call(random, ring, buffer);
                AssertReadingEnds(ring, buffer);
            }

            page.AssertGuardsAreUntouched();
        });
        output.WriteLine(_figures.ToString());
    }

    [Fact]
    public void A_ring_that_changes_while_it_is_read_is_read_within_bounds_or_called_corrupt()
    {
        SeededRuns.Do(60, atOnce: 1, seed =>
        {
            var random = new Random(seed);
            VmEventLayout layout = ChooseLayout(random);
            using GuardedMemory page = Make(random, layout, out BackRing ring);
            byte[] buffer = new byte[layout.Size];
            var other = new HostileWriter(new Random(~seed), layout, VCpus) { WritesResponseIndex = true };
            using SharedMemory mapping = page.Map();
            bool over = false;
            var changing = Task.Factory.StartNew(
                () =>
                {
                    while (!Volatile.Read(ref over)) other.ChangeRing(mapping);
                },
                TaskCreationOptions.LongRunning);
            try
            {
                for (int round = 0; round < 2000; round++) Call(random, ring, buffer);
            }
            finally
            {
                Volatile.Write(ref over, true);
                Simulation.Hosts.Finish(changing);
            }

            page.AssertGuardsAreUntouched();
        });
        output.WriteLine(_figures.ToString());
    }

    [Fact]
    public void A_producer_that_overtakes_every_read_does_not_keep_the_reader()
    {
        using var page = new GuardedMemory(SharedMemory.PageSize);
        VmEventLayout layout = VmEventLayout.ForVersion(4);
        var ring = new BackRing(page.Memory, layout, answered: false);
        ring.Initialise();
        using SharedMemory mapping = page.Map();
        bool over = false;
        var changing = Task.Factory.StartNew(
            () =>
            {
                for (uint index = 0; !Volatile.Read(ref over); index += 100) mapping.WriteRelease(0, index);
            },
            TaskCreationOptions.LongRunning);
        var reading = Task.Run(() =>
        {
            byte[] buffer = new byte[layout.Size];
            for (int i = 0; i < 100_000; i++) Try(() => ring.TryRead(buffer) ? "read" : "not read");
        });
        try
        {
            Simulation.Hosts.Finish(reading);
        }
        finally
        {
            Volatile.Write(ref over, true);
            Simulation.Hosts.Finish(changing);
        }

        output.WriteLine(_figures.ToString());
    }

    [Fact]
    public void An_index_that_goes_back_in_the_middle_of_a_read_never_takes_the_reader_back()
    {
        using var page = new GuardedMemory(SharedMemory.PageSize);
        VmEventLayout layout = VmEventLayout.ForVersion(4);
        var ring = new BackRing(page.Memory, layout, answered: false);
        ring.Initialise();
        using SharedMemory mapping = page.Map();
        bool over = false;
        var changing = Task.Factory.StartNew(
            () =>
            {
                // Moving forward is valid and moving back is not. The reader goes forward in any case.
                for (uint index = 0; !Volatile.Read(ref over); index++)
                {
                    mapping.WriteRelease(0, index);
                    mapping.WriteRelease(0, index - (1 << 24));
                }
            },
            TaskCreationOptions.LongRunning);
        byte[] buffer = new byte[layout.Size];
        try
        {
            long lost = 0;
            for (int i = 0; i < 200_000; i++)
            {
                Try(() => ring.TryRead(buffer) ? "read" : "not read");
                Assert.InRange(ring.Lost, lost, int.MaxValue);
                lost = ring.Lost;
            }
        }
        finally
        {
            Volatile.Write(ref over, true);
            Simulation.Hosts.Finish(changing);
        }

        output.WriteLine(_figures.ToString());
    }

    private static VmEventLayout ChooseLayout(Random random) =>
        VmEventLayout.ForVersion(random.Next(VmEventLayout.OldestVersion, VmEventLayout.NewestVersion + 1));

    private static GuardedMemory Make(Random random, VmEventLayout layout, out BackRing ring)
    {
        var page = new GuardedMemory(random.Next(1, 4) * SharedMemory.PageSize);
        random.NextBytes(page.Memory.Slice(0, page.Memory.Length));
        ring = new BackRing(page.Memory, layout, answered: random.Next(2) == 0);
        if (random.Next(4) == 0) ring.Adopt();
        else ring.Initialise();
        return page;
    }

    /// <summary>Makes one of the calls that a session, a guard or a rescue makes.</summary>
    private void Call(Random random, BackRing ring, byte[] buffer)
    {
        switch (random.Next(8))
        {
            case 0: Try(() => ring.HasRequest ? "has a request" : "has none"); break;
            case 1: Try(() => ring.FinalCheck() ? "awake" : "may sleep"); break;
            case 2: Try(() => ring.Publish() ? "published" : "nothing to publish"); break;
            case 3 or 4 when ring.Unanswered > 0:
                Try(() =>
                {
                    ring.ResponseTo((uint)random.Next(VCpus), random.Next(2) == 0).Fill(0xff);
                    return "answered";
                });
                break;
            case 5 when random.Next(100) == 0:
                Try(() =>
                {
                    int answers = 0;
                    for (; ring.MayAnswerUnasked; answers++) ring.UnaskedResponse().Fill(0xff);
                    Assert.InRange(answers, 0, ring.Entries);
                    ring.Publish();
                    return "answered unasked";
                });
                break;
            default: Try(() => ring.TryRead(buffer) ? "read" : "not read"); break;
        }

        Assert.InRange(ring.Unanswered, 0, ring.Entries);
    }

    /// <summary>While nothing changes, no more is read than fits.</summary>
    private void AssertReadingEnds(BackRing ring, byte[] buffer)
    {
        int left = ring.Entries + 1;
        while (Try(() => ring.TryRead(buffer) ? "read" : "not read") == "read") Assert.True(--left > 0, "More was read than fits.");
    }

    private string Try(Func<string> call)
    {
        string outcome;
        try
        {
            outcome = call();
        }
        catch (XenException e) when (e.Id == XenErrorId.CorruptChannel)
        {
            outcome = "corrupt";
        }

        _figures.Count(outcome);
        return outcome;
    }
}
