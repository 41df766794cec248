using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Recording;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Events;
using XenVmEvent.Tests.Simulation;
using XenVmEvent.Tests.Xen;
using Xunit;

namespace XenVmEvent.Tests.Recording;

/// <summary>Recordings that were damaged. Whatever follows the damage is read, and the damage is reported.</summary>
public sealed class RecordingDamageTests : IDisposable
{
    private const int Events = 60;

    private readonly TemporaryRoot _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<int, int> Damages()
    {
        TheoryData<int, int> all = [];
        foreach (int size in (int[])[1, 7, 4096, 3 << 20])
        {
            for (int seed = 0; seed < 6; seed++) all.Add(size, seed);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void What_follows_a_hole_or_garbage_is_read(int size, int seed)
    {
        byte[] all = File.ReadAllBytes(Record("a.jsonl", Numbers(0)));
        Random random = new(seed);
        byte[] damage = new byte[size];
        if (seed % 2 == 1) random.NextBytes(damage);
        int at = seed == 0 ? 0 : random.Next(all.Length + 1);
        File.WriteAllBytes(PathOf("damaged.jsonl"), [.. all[..at], .. damage, .. all[at..]]);
        (List<VmEvent> events, int broken) = ReadPastDamage(PathOf("damaged.jsonl"));

        // Damage in the middle of a line spoils the line. Damage of one byte may be a line feed.
        Assert.InRange(events.Count, Events - 1, Events);
        Assert.InRange(broken, size == 1 ? 0 : 1, 2);
        if (size > 7) Assert.Equal((ulong)Events - 1, Number(events[^1]));
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void So_is_what_follows_it_in_a_compressed_file(int size, int seed)
    {
        Random random = new(seed);
        byte[] damage = new byte[size];
        if (seed % 2 == 1) random.NextBytes(damage);
        byte[][] members = [.. Enumerable.Range(0, 3).Select(i => File.ReadAllBytes(Record($"{i}.gz", Numbers(i * Events))))];
        int at = seed switch { 0 => 0, 1 => members[1].Length, _ => random.Next(20, members[1].Length - 20) };
        File.WriteAllBytes(PathOf("damaged.gz"), [.. seed == 0 ? damage : [], .. members[0], .. members[1][..at], .. seed == 0 ? [] : damage, .. members[1][at..], .. members[2]]);
        (List<VmEvent> events, int broken) = ReadPastDamage(PathOf("damaged.gz"));
        Assert.True(broken > 0);
        ulong[] numbers = [.. events.Select(Number)];
        Assert.Equal(Numbers(0), numbers.Where(n => n < Events));
        Assert.Equal(Numbers(2 * Events), numbers.Where(n => n >= 2 * Events));
        if (seed < 2) Assert.Equal(Numbers(Events), numbers.Where(n => n is >= Events and < 2 * Events));
    }

    [Fact]
    public void A_member_whose_beginning_is_lost_is_passed_over()
    {
        byte[][] members = [.. Enumerable.Range(0, 3).Select(i => File.ReadAllBytes(Record($"{i}.gz", Numbers(i * Events))))];
        File.WriteAllBytes(PathOf("damaged.gz"), [.. members[0], .. members[1][50..], .. members[2]]);
        (List<VmEvent> events, int broken) = ReadPastDamage(PathOf("damaged.gz"));
        Assert.Equal(Numbers(0).Concat(Numbers(2 * Events)), events.Select(Number));
        Assert.Equal(1, broken);
    }

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.jsonl.gz")]
    public void A_file_that_is_truncated_while_it_is_written_has_no_hole(string name)
    {
        string path = PathOf(name);
        using RecordingWriter writer = RecordingWriter.Open(path);
        for (ulong number = 0; number < 4000; number++) writer.Write(Event(number));
        Hosts.Until(() => new FileInfo(path).Length > 10_000);
        File.WriteAllBytes(path, []);
        for (ulong number = 4000; number < 8000; number++) writer.Write(Event(number));
        writer.Close();
        (List<VmEvent> events, _) = ReadPastDamage(path);
        Assert.True(events.Count >= 3500);
        Assert.Equal(7999UL, Number(events[^1]));
        if (name.EndsWith("jsonl", StringComparison.Ordinal)) Assert.DoesNotContain((byte)0, File.ReadAllBytes(path));
    }

    [Fact]
    public void What_is_damaged_costs_at_most_a_megabyte_of_a_compressed_recording()
    {
        byte[] all = File.ReadAllBytes(Record("a.gz", Enumerable.Range(0, 6000).Select(i => (ulong)i)));
        all.AsSpan(all.Length / 2, 100).Clear();
        File.WriteAllBytes(PathOf("a.gz"), all);
        (List<VmEvent> events, int broken) = ReadPastDamage(PathOf("a.gz"));
        Assert.InRange(events.Count, 4000, 5999);
        Assert.Equal(5999UL, Number(events[^1]));
        Assert.Equal(1, broken);
    }

    [Fact]
    public void A_damaged_recording_is_replayed()
    {
        byte[] all = File.ReadAllBytes(Record("a.jsonl", Numbers(0)));
        File.WriteAllBytes(PathOf("damaged.jsonl"), [.. new byte[5000], .. all]);
        Assert.Equal(Events, Assert.Single(RecordedHost.Open(PathOf("damaged.jsonl")).Domains).Trace!.Count());
        File.WriteAllText(PathOf("text"), "text\n");
        Assert.Contains("Line 1 of", Assert.Throws<XenException>(() => RecordedHost.Open(PathOf("text"))).Message, StringComparison.Ordinal);
    }

    /// <summary>Reads everything.</summary>
    /// <returns>The events, and how often something before or between them was none.</returns>
    internal static (List<VmEvent> Events, int Broken) ReadPastDamage(string path)
    {
        using RecordingReader reader = RecordingReader.Open(path);
        List<VmEvent> events = [];
        int broken = 0;
        while (true)
        {
            try
            {
                if (reader.Read() is not { } one) return (events, broken + (reader.IsTorn ? 1 : 0));
                events.Add(one);
            }
            catch (XenException e) when (e.Id == XenErrorId.InvalidRecording)
            {
                broken++;
            }
        }
    }

    private static IEnumerable<ulong> Numbers(int first) => Enumerable.Range(first, Events).Select(i => (ulong)i);

    private static ulong Number(VmEvent one) => ((MemAccessEvent)one).Gfn;

    private static VmEvent Event(ulong number)
    {
        VmEvent one = new Requests(7).Event(VmEventKind.MemAccess, (VmEventField.MemAccessGfn, number), (VmEventField.Rip, number * 7919));
        one.SetDefault(VmEventResponse.Continue);
        one.SetAnswered(System.Diagnostics.Stopwatch.GetTimestamp());
        return one;
    }

    private string Record(string name, IEnumerable<ulong> numbers)
    {
        using RecordingWriter writer = RecordingWriter.Open(PathOf(name));
        foreach (ulong number in numbers) writer.Write(Event(number));
        writer.Close();
        return PathOf(name);
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);
}
