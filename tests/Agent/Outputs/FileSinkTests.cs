using System.Runtime.Versioning;
using XenVmEvent.Recording;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>Files of JSON Lines that do not grow for ever.</summary>
public sealed class FileSinkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SetClock _clock = new();

    public void Dispose() => _folder.Dispose();

    private string[] Files => [.. Directory.GetFiles(_folder.Path, "*.jsonl").Order(StringComparer.Ordinal)];

    [Fact]
    public void Full_files_are_followed_by_the_next_and_all_events_are_there_in_order()
    {
        using (FileSink sink = Sink(fileSize: 4000, totalSize: long.MaxValue))
        {
            for (int i = 0; i < 100; i += 2) sink.Write(Outgoing.Events(i, 2));
            Assert.Equal(100, sink.State.Delivered);
        }

        Assert.True(Files.Length > 3);
        Assert.All(Files, file => Assert.InRange(new FileInfo(file).Length, 1, 4000));
        Assert.Equal(Enumerable.Range(0, 100), Numbers());
    }

    [Fact]
    public void The_oldest_files_are_deleted_and_others_are_left_alone()
    {
        _folder.Write("events-mine.jsonl", new string('x', 10_000));
        _folder.Write("other-20260101T000000.000Z.jsonl", new string('x', 10_000));
        using (FileSink sink = Sink(fileSize: 4000, totalSize: 12_000))
        {
            for (int i = 0; i < 200; i++)
            {
                sink.Write(Outgoing.Events(i, 1));
                Assert.InRange(Files.Where(file => !file.Contains("mine", StringComparison.Ordinal) && !file.Contains("other", StringComparison.Ordinal)).Sum(file => new FileInfo(file).Length), 0, 12_000);
            }
        }

        Assert.True(File.Exists(_folder["events-mine.jsonl"]));
        Assert.True(File.Exists(_folder["other-20260101T000000.000Z.jsonl"]));
        File.Delete(_folder["events-mine.jsonl"]);
        File.Delete(_folder["other-20260101T000000.000Z.jsonl"]);
        int[] left = Numbers();
        Assert.Equal(Enumerable.Range(left[0], 200 - left[0]), left);
        Assert.NotEqual(0, left[0]);
    }

    [Fact]
    public void An_old_file_is_followed_by_the_next()
    {
        using FileSink sink = Sink();
        sink.Write(Outgoing.Events(0, 1));
        _clock.Now += TimeSpan.FromMinutes(59);
        sink.Write(Outgoing.Events(1, 1));
        Assert.Single(Files);
        _clock.Now += TimeSpan.FromMinutes(1);
        sink.Write(Outgoing.Events(2, 1));
        Assert.Equal(2, Files.Length);
    }

    [Fact]
    public void A_clock_that_is_set_back_does_not_mix_up_the_order()
    {
        using (FileSink sink = Sink(fileSize: 1, totalSize: long.MaxValue))
        {
            for (int i = 0; i < 5; i++)
            {
                sink.Write(Outgoing.Events(i, 1));
                _clock.Now -= TimeSpan.FromHours(1);
            }
        }

        Assert.Equal(Enumerable.Range(0, 5), Numbers());
    }

    [Fact]
    public void What_a_killed_writer_left_of_a_line_is_cut_off_wherever_it_was_killed()
    {
        byte[] lines;
        using (FileSink sink = Sink()) sink.Write(Outgoing.Events(0, 2));
        lines = File.ReadAllBytes(_folder["events.jsonl"]);
        int first = Array.IndexOf(lines, (byte)'\n') + 1;
        for (int length = 0; length < lines.Length; length += 97)
        {
            File.WriteAllBytes(_folder["events.jsonl"], lines[..length]);
            using (FileSink sink = Sink()) sink.Write(Outgoing.Events(7, 1));
            Assert.Equal(length < first ? [7] : [0, 7], Numbers());
        }
    }

    [Fact]
    public void A_disk_that_takes_nothing_is_told_and_nothing_is_torn_when_it_does_again()
    {
        Directory.CreateDirectory(_folder["events.jsonl"]);
        using FileSink sink = Sink();
        EventSinkException error = Assert.Throws<EventSinkException>(() => sink.Write(Outgoing.Events(0, 1)));
        Assert.Contains("events.jsonl", error.Message, StringComparison.Ordinal);
        Assert.NotNull(sink.State.Problem);
        Directory.Delete(_folder["events.jsonl"]);
        sink.Write(Outgoing.Events(0, 1));
        Assert.Equal((1, null), (sink.State.Delivered, sink.State.Problem));
        Assert.Equal([0], Numbers());
    }

    [Fact]
    public void Two_writers_do_not_share_a_file()
    {
        using FileSink one = Sink();
        using FileSink other = Sink();
        one.Write(Outgoing.Events(0, 1));
        Assert.Throws<EventSinkException>(() => other.Write(Outgoing.Events(1, 1)));
        one.Dispose();
        other.Write(Outgoing.Events(1, 1));
        Assert.Equal([0, 1], Numbers());
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public void Nobody_else_may_read_what_it_holds_of_guests()
    {
        using (FileSink sink = new(new FileOutputSettings { Name = "events", Path = _folder["new/events.jsonl"] }, _clock)) sink.Write([]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["new/events.jsonl"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["new"]));
        Directory.Delete(_folder["new"], recursive: true);
    }

    private FileSink Sink(long fileSize = 1 << 20, long totalSize = 1 << 30) => new(
        new FileOutputSettings { Name = "events", Path = _folder["events.jsonl"], FileSize = fileSize, FileAge = TimeSpan.FromHours(1), TotalSize = totalSize }, _clock);

    /// <summary>The numbers of all events in the order of the files' names. Nothing in the files is damaged.</summary>
    private int[] Numbers()
    {
        List<int> numbers = [];
        foreach (string file in Files)
        {
            using RecordingReader reader = RecordingReader.Open(file);
            while (reader.Read() is { } vmEvent) numbers.Add((int)Outgoing.Number(vmEvent));
            Assert.False(reader.IsTorn);
        }

        return [.. numbers];
    }

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
