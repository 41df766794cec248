using System.Text;
using XenVmEvent.Recording;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>What waits on the disk to be sent.</summary>
public sealed class SpoolTests : IDisposable
{
    private const long Limit = 64 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;
    private readonly ManualClock _clock = new();

    private string Place => Path.Combine(_folder, "spool");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_goes_in_comes_out_in_order_with_ids_that_only_grow()
    {
        Random random = new(7);
        using Spool spool = Open();
        long added = 0;
        List<SpoolEntry> read = [];
        while (added < 20_000)
        {
            int count = random.Next(1, 400);
            Assert.True(spool.TryAppend(Entries.Of(added, count)));
            added += count;
            _clock.Advance(TimeSpan.FromMilliseconds(random.Next(-5000, 6000)));
            if (random.Next(2) == 0) read.AddRange(ReadAll(spool, random.Next(1, 300), random.Next(100, 100_000)));
        }

        read.AddRange(ReadAll(spool));
        Assert.Equal(Enumerable.Range(0, (int)added).Select(n => (long?)n), Numbers(read));
        AssertGapless(read);
        Assert.Equal(0, spool.Damaged);
    }

    [Fact]
    public void Its_files_are_recordings()
    {
        using Spool spool = Open();
        Assert.True(spool.TryAppend(Entries.Of(0, 10)));
        using RecordingReader recording = RecordingReader.Open(Assert.Single(Files()));
        Assert.Throws<XenException>(recording.Read); // The note at its beginning.
        int events = 0;
        while (recording.Read() is not null) events++;
        Assert.Equal(10, events);
    }

    [Fact]
    public void What_a_killed_process_wrote_is_read_by_the_next_one_and_numbers_go_on()
    {
        using Spool killed = Open();
        Assert.True(killed.TryAppend(Entries.Of(0, 5)));
        Copy();
        _clock.Now -= TimeSpan.FromHours(1);
        using Spool next = Open("copy");
        Assert.True(next.TryAppend(Entries.Of(5, 5)));
        List<SpoolEntry> read = ReadAll(next);
        Assert.Equal([null, 0, 1, 2, 3, 4, null, 5, 6, 7, 8, 9], Numbers(read, notes: true));
        AssertGapless(read);
        AgentNote note = AgentNote.TryParse(read[6].Line.Span)!;
        Assert.False(note.Complete);
        Assert.Equal(read[5].Id.Time, note.Previous);
    }

    [Fact]
    public void A_process_that_closed_it_has_lost_nothing()
    {
        using (Spool first = Open()) Assert.True(first.TryAppend(Entries.Of(0, 1)));
        using Spool second = Open();
        Assert.All(ReadAll(second).Where(e => Entries.NumberOf(e.Line.Span) is null), e => Assert.True(AgentNote.TryParse(e.Line.Span)!.Complete));
    }

    [Fact]
    public void A_line_that_was_cut_anywhere_is_gone_and_its_number_is_given_again()
    {
        using (Spool spool = Open())
        {
            Assert.True(spool.TryAppend(Entries.Of(0, 2)));
        }

        string file = Assert.Single(Files());
        byte[] whole = File.ReadAllBytes(file);
        int last = whole.AsSpan(..^1).LastIndexOf((byte)'\n') + 1;
        for (int cut = last; cut < whole.Length; cut++)
        {
            Directory.Delete(Place, recursive: true);
            Directory.CreateDirectory(Place);
            File.WriteAllBytes(file, whole[..cut]);
            using Spool spool = Open();
            Assert.Equal(last, new FileInfo(file).Length);
            List<SpoolEntry> read = ReadAll(spool);
            Assert.Equal([null, 0, null], Numbers(read, notes: true));
            AssertGapless(read);
        }
    }

    [Fact]
    public void A_file_with_nothing_whole_in_it_is_deleted()
    {
        using (Spool spool = Open()) Assert.True(spool.TryAppend(Entries.Of(0, 1)));
        File.WriteAllBytes(Assert.Single(Files()), new byte[100_000]);
        using Spool next = Open();
        Assert.Equal([null], Numbers(ReadAll(next), notes: true));
    }

    [Fact]
    public void A_damaged_line_is_skipped_and_counted_and_its_number_is_missing()
    {
        using Spool spool = Open();
        Assert.True(spool.TryAppend(Entries.Of(0, 3)));
        string file = Assert.Single(Files());
        byte[] bytes = File.ReadAllBytes(file);
        int at = Encoding.UTF8.GetString(bytes).IndexOf(",\"number\":1,", StringComparison.Ordinal);
        bytes.AsSpan(at, 30).Clear();
        File.WriteAllBytes(file, bytes);
        List<SpoolEntry> read = ReadAll(spool);
        Assert.Equal([0, 2], Numbers(read));
        Assert.Equal(read[1].Id.Sequence + 2, read[2].Id.Sequence);
        Assert.Equal(1, spool.Damaged);
    }

    [Fact]
    public void When_it_is_full_it_takes_all_of_a_batch_or_nothing_until_something_has_arrived()
    {
        using Spool spool = new(Place, 1 << 20, _clock);
        long added = 0;
        while (spool.TryAppend(Entries.Of(added, 100))) added += 100;
        Assert.InRange(spool.Bytes, (1 << 20) - (100 * 1000), 1 << 20);
        long full = spool.Bytes;
        Assert.False(spool.TryAppend(Entries.Of(added, 100)));
        Assert.Equal(full, spool.Bytes);
        List<SpoolEntry> read = ReadAll(spool);
        spool.Acknowledge(read[read.Count / 2].Id);
        Assert.True(spool.TryAppend(Entries.Of(added, 100)));
        read.AddRange(ReadAll(spool));
        Assert.Equal(added + 100, Numbers(read).Length);
        AssertGapless(read);
    }

    [Fact]
    public void Files_stay_a_little_longer_than_until_all_of_them_has_arrived()
    {
        using Spool spool = Open();
        for (int i = 0; i < 100; i++) Assert.True(spool.TryAppend(Entries.Of(i * 200, 200)));
        int before = Files().Length;
        Assert.True(before > 1);
        SpoolEntry last = ReadAll(spool)[^1];
        spool.Acknowledge(last.Id);
        Assert.Equal(before, Files().Length);
        Assert.Equal(0, spool.Waiting);
        spool.Tidy();
        Assert.Equal(before, Files().Length);
        _clock.Advance(Spool.Afterlife);
        spool.Tidy();
        Assert.Single(Files());
    }

    [Fact]
    public void What_the_other_side_forgot_is_read_again()
    {
        using Spool spool = Open();
        Assert.True(spool.TryAppend(Entries.Of(0, 100)));
        List<SpoolEntry> read = ReadAll(spool);
        spool.Acknowledge(read[^1].Id);
        Assert.True(spool.TryResumeAfter(read[50].Id));
        Assert.Equal(50, spool.Waiting);
        Assert.Equal(read[51..].Select(e => e.Id), ReadAll(spool).Select(e => e.Id));
        Assert.True(spool.IsBeforeAll(default));
        spool.ResumeFromOldest();
        Assert.Equal(read.Select(e => e.Id), ReadAll(spool).Select(e => e.Id));
    }

    [Fact]
    public void An_entry_that_is_not_here_changes_nothing()
    {
        using Spool spool = Open();
        Assert.True(spool.TryAppend(Entries.Of(0, 10)));
        List<SpoolEntry> read = ReadAll(spool);
        EntryId last = read[^1].Id;
        Assert.False(spool.TryResumeAfter(last with { Sequence = last.Sequence + 1 }));
        Assert.False(spool.TryResumeAfter(last with { Milliseconds = last.Milliseconds + 1 }));
        Assert.Equal(read[^2].Id, spool.LastBefore(last));
        Assert.Empty(ReadAll(spool));
    }

    [Fact]
    public void Ids_are_raised_above_an_entry_of_somebody_else_and_stay_so()
    {
        EntryId foreign = new((ulong)_clock.Now.AddYears(1).ToUnixTimeMilliseconds(), 9);
        List<SpoolEntry> arrived;
        List<SpoolEntry> raised;
        using (Spool spool = Open())
        {
            Assert.True(spool.TryAppend(Entries.Of(0, 10)));
            arrived = ReadAll(spool)[..5];
            spool.Acknowledge(arrived[^1].Id);
            spool.RaiseAbove(foreign.Milliseconds);
            raised = ReadAll(spool);
            Assert.Equal(6, raised.Count);
            Assert.All(raised, e => Assert.True(e.Id > foreign));
            AssertGapless([.. arrived, .. raised]);
        }

        using Spool next = Open();
        Assert.True(next.TryResumeAfter(raised[^1].Id));
        Assert.True(next.TryAppend(Entries.Of(10, 1)));
        AssertGapless([.. raised, .. ReadAll(next)]);
    }

    [Fact]
    public void The_agent_says_again_what_it_is_now_so_often_that_a_reader_finds_it_near_the_end()
    {
        AgentIdentity agent = new() { PolicyHash = new string('a', 64) };
        using Spool spool = new(Place, Limit, _clock, agent);
        for (int i = 0; i < 10; i++) Assert.True(spool.TryAppend(Entries.Of(i * 100, 100)));
        agent.PolicyHash = new string('b', 64);
        spool.AppendNote(clockSkew: -12.5);
        List<SpoolEntry> read = ReadAll(spool);
        AssertGapless(read);
        Assert.Equal(Enumerable.Range(0, 1000).Select(n => (long?)n), Numbers(read));
        int[] places = [.. read.Index().Where(e => Entries.NumberOf(e.Item.Line.Span) is null).Select(e => e.Index)];
        Assert.Equal([0, 301, 602, 903, 1004], places);
        AgentNote[] notes = [.. places.Select(i => AgentNote.TryParse(read[i].Line.Span)!)];
        Assert.All(notes, n => Assert.Equal((agent.Version, true, _clock.Now), (n.Version, n.Complete, n.Started)));
        Assert.Equal(("aaaa", null), (notes[3].PolicyHash![..4], notes[3].ClockSkew));
        Assert.Equal(("bbbb", -12.5), (notes[4].PolicyHash![..4], notes[4].ClockSkew));
    }

    [Fact]
    public void One_process_at_a_time_has_it()
    {
        using Spool spool = Open();
        Assert.Contains("another process has it", Assert.Throws<IOException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_else_may_read_it()
    {
        if (OperatingSystem.IsWindows()) return; // It has no such modes.
        using Spool spool = Open();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(Files())));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Place));
    }

    private Spool Open(string name = "spool") => new(Path.Combine(_folder, name), Limit, _clock);

    private string[] Files() => Directory.GetFiles(Place, "*.jsonl");

    /// <summary>What a process leaves that is killed now.</summary>
    private void Copy()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "copy"));
        foreach (string file in Files()) File.Copy(file, Path.Combine(_folder, "copy", Path.GetFileName(file)));
    }

    private static List<SpoolEntry> ReadAll(Spool spool, int mostEntries = 1000, int mostBytes = 1 << 20)
    {
        List<SpoolEntry> all = [];
        while (spool.Read(mostEntries, mostBytes) is { } batch) all.AddRange(batch.Entries);
        return all;
    }

    private static long?[] Numbers(IEnumerable<SpoolEntry> entries, bool notes = false) => [.. entries.Select(e => Entries.NumberOf(e.Line.Span)).Where(n => notes || n is not null)];

    private static void AssertGapless(List<SpoolEntry> entries)
    {
        for (int i = 1; i < entries.Count; i++)
        {
            Assert.True(entries[i].Id > entries[i - 1].Id);
            Assert.Equal(entries[i - 1].Id.Sequence + 1, entries[i].Id.Sequence);
        }
    }
}
