using System.Buffers;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Measurement;
using XenVmEvent.Monitoring;
using XenVmEvent.Recording;
using XenVmEvent.Reporting;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using XenVmEvent.Tests.Xen;
using Xunit;

namespace XenVmEvent.Tests.Recording;

/// <summary>Events that were lost leave a mark where they are missing.</summary>
public sealed class LossTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryRoot _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, "190 of web01 from")]
    [InlineData("dom0-1", "190 of dom0-1/web01 from")]
    public void A_mark_names_the_host_that_it_was_received_from(string? host, string text)
    {
        EventLoss loss = new("web01", 1, LossReason.OutputFull, 190, Noon, Noon.AddSeconds(1), host);
        ArrayBufferWriter<byte> line = new();
        using EventLineWriter writer = new(line);
        writer.Write(loss);
        EventLineReader reader = new();
        Assert.Null(reader.Read(line.WrittenSpan[..^1]));
        long known = 0;
        EventLoss read = Assert.Single(reader.Losses.Since(ref known));
        Assert.Equal(loss, read);
        Assert.StartsWith(text, $"{read}", StringComparison.Ordinal);
        Assert.NotEqual(new EventLoss("web01", 1, LossReason.OutputFull, 190, Noon, Noon.AddSeconds(1), "dom0-2"), read);
    }

    [Fact]
    public void What_a_full_buffer_lost_is_marked_read_back_and_counted()
    {
        const int Count = 200;
        string path = Path.Combine(_folder.Path, "a.jsonl");
        using (SimulatedHypervisor host = Hosts.Idle())
        {
            using MonitorSession session = host.Session(ChannelPreference.Auto, Watches.Soon);
            using EventSubscription stuck = session.Watch(Watches.For(VmEventKind.Cpuid) with { BufferSize = 10 });
            host.Guest().VCpus[0].RunAsync([.. Enumerable.Range(0, Count).Select(i => GuestAction.Cpuid(1, (uint)i))]).Finish();
            Assert.Equal(Count - 10, stuck.Dropped);
            using RecordingWriter writer = RecordingWriter.Open(path);
            while (stuck.TryTake(out VmEvent? one)) writer.Write(one);
            host.Guest().VCpus[0].RunAsync(GuestAction.Cpuid(2, 0)).Finish();
            writer.Write(stuck.Next<CpuidEvent>());
            writer.Close();
        }

        string[] lines = File.ReadAllLines(path);
        Assert.Equal(12, lines.Length);
        Assert.StartsWith($"{{\"lost\":{Count - 10},\"reason\":\"Dropped\",", lines[10], StringComparison.Ordinal);

        using RecordingReader reader = RecordingReader.Open(path);
        EventMeter meter = new(top: 1);
        List<VmEvent> read = [];
        while (reader.Read() is { } one)
        {
            meter.Add(one);
            read.Add(one);
        }

        EventLoss loss = Assert.Single(reader.Losses);
        Assert.Equal((Count - 10L, LossReason.Dropped), (loss.Events, loss.Reason));
        Assert.InRange(loss.From, read[9].Time, loss.To);
        Assert.InRange(loss.To, loss.From, read[10].Time);
        EventMeasure measure = meter.Finish()!;
        Assert.Equal(Count - 10, measure.Dropped);
        Assert.Equal([loss], measure.Losses);
        EventReportBuilder report = new();
        foreach (VmEvent one in read) report.Add(one);
        string page = report.Build();
        Assert.Contains($"\"dropped\":{Count - 10},\"losses\":[{{\"domain\":\"{loss.Domain}\",\"reason\":\"Dropped\",\"events\":{Count - 10},", page, StringComparison.Ordinal);
        AssertWrittenAgain(read, lines);
    }

    [Fact]
    public void A_log_tells_each_reader_everything_once_and_stays_small()
    {
        LossLog log = new(isComplete: true);
        long early = 0;
        long told = 0;
        for (int i = 0; i < 10_000; i++)
        {
            log.Add(new EventLoss("web01", 1, LossReason.Dropped, 3, Noon.AddSeconds(i), Noon.AddSeconds(i)), continues: i % 7 == 0);
            if (i < 5000) told += log.Since(ref early).Sum(l => l.Events);
        }

        Assert.Equal(15_000, told);
        told += log.Since(ref early).Sum(l => l.Events);
        Assert.Equal((30_000, 30_000), (told, log.Events));
        long late = 0;
        IReadOnlyList<EventLoss> all = log.Since(ref late);
        Assert.Equal(30_000, all.Sum(l => l.Events));
        Assert.InRange(all.Count, 1, 1024);
        Assert.Equal((Noon, Noon.AddSeconds(9999)), (all[0].From, all[^1].To));
        Assert.Empty(log.Since(ref late));
    }

    [Fact]
    public void A_loss_is_told_of_once_it_is_over()
    {
        LossLog log = new(isComplete: true);
        log.Add(new EventLoss("web01", 1, LossReason.Dropped, 3, Noon, Noon.AddSeconds(10)));
        long known = 0;
        Assert.Empty(log.Since(ref known, Noon.AddSeconds(10)));
        Assert.Single(log.Since(ref known, Noon.AddSeconds(11)));
    }

    private void AssertWrittenAgain(List<VmEvent> read, string[] lines)
    {
        string copy = Path.Combine(_folder.Path, "copy.jsonl");
        using (RecordingWriter writer = RecordingWriter.Open(copy))
        {
            foreach (VmEvent one in read) writer.Write(one);
            writer.Close();
        }

        Assert.Equal(lines, File.ReadAllLines(copy));
    }
}
