using System.IO.Compression;
using System.Text;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Recording;
using XenVmEvent.Tests.Events;
using XenVmEvent.Tests.Simulation;
using XenVmEvent.Tests.Xen;
using Xunit;

namespace XenVmEvent.Tests.Recording;

public sealed class RecordingFileTests : IDisposable
{
    private static readonly Requests Requests = new(7);

    private readonly TemporaryRoot _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("trace.jsonl")]
    [InlineData("trace.jsonl.gz")]
    public void What_was_written_is_read_back(string name) => Properties.Hold(FsCheck.Fluent.Gen.ListOf(RandomEvents.Any), 30, events =>
    {
        string path = PathOf(name);
        using (RecordingWriter writer = RecordingWriter.Open(path))
        {
            writer.Begin();
            foreach (VmEvent one in events) writer.Write(one);
            writer.Close();
        }

        (List<VmEvent> read, bool isTorn) = ReadAll(path);
        Assert.False(isTorn);
        Assert.Equal(events.Count, read.Count);

        // One that is not answered yet is written at the end, the others at once.
        VmEvent[] expected = [.. events.Where(e => e.IsSettled), .. events.Where(e => !e.IsSettled)];
        foreach ((int i, VmEvent one) in expected.Index()) RecordedEvents.AssertSame(one, read[i]);
    });

    [Fact]
    public void Gz_is_compressed_and_nothing_else_is()
    {
        Write("a.jsonl", Many(200));
        Write("a.jsonl.gz", Many(200));
        Assert.Equal((byte)'{', File.ReadAllBytes(PathOf("a.jsonl"))[0]);
        Assert.InRange(new FileInfo(PathOf("a.jsonl.gz")).Length, 1, new FileInfo(PathOf("a.jsonl")).Length / 4);
        File.Move(PathOf("a.jsonl.gz"), PathOf("renamed"));
        Assert.Equal(200, ReadAll(PathOf("renamed")).Events.Count);
    }

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.jsonl.gz")]
    public void Appending_keeps_what_is_there_and_writing_does_not(string name)
    {
        Write(name, Many(3));
        Write(name, Many(4), new RecordingOptions { Append = true });
        Write(name, Many(5), new RecordingOptions { Append = true, NoClobber = true });
        Assert.Equal(12, ReadAll(PathOf(name)).Events.Count);
        Write(name, Many(2));
        Assert.Equal(2, ReadAll(PathOf(name)).Events.Count);
        Write("new-" + name, Many(1), new RecordingOptions { Append = true });
        Assert.Single(ReadAll(PathOf("new-" + name)).Events);
    }

    [Fact]
    public void A_file_is_not_overwritten_that_shall_not_be()
    {
        Write("a.jsonl", Many(3));
        XenException refused = Assert.Throws<XenException>(() => RecordingWriter.Open(PathOf("a.jsonl"), new RecordingOptions { NoClobber = true }));
        Assert.Equal(XenErrorId.RecordingExists, refused.Id);
        Assert.Equal(3, ReadAll(PathOf("a.jsonl")).Events.Count);
    }

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.jsonl.gz")]
    public void What_is_not_begun_leaves_the_file_as_it_was(string name)
    {
        Write(name, Many(3));
        using (RecordingWriter refused = RecordingWriter.Open(PathOf(name))) refused.Close();
        using (RecordingWriter refused = RecordingWriter.Open(PathOf(name), new RecordingOptions { Append = true })) Assert.False(refused.HasBegun);
        Assert.Equal(3, ReadAll(PathOf(name)).Events.Count);
        using (RecordingWriter refused = RecordingWriter.Open(PathOf("new-" + name))) refused.Close();
        Assert.False(File.Exists(PathOf("new-" + name)));
        using (RecordingWriter begun = RecordingWriter.Open(PathOf(name))) begun.Begin();
        Assert.Empty(ReadAll(PathOf(name)).Events);
    }

    [Fact]
    public void Nobody_else_may_read_a_new_recording()
    {
        if (OperatingSystem.IsWindows()) return;
        Write("a.jsonl", Many(1));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(PathOf("a.jsonl")));
    }

    [Fact]
    public void A_read_only_file_is_written_by_force_and_is_read_only_again()
    {
        Write("a.jsonl", Many(3));
        File.SetAttributes(PathOf("a.jsonl"), FileAttributes.ReadOnly);
        Write("a.jsonl", Many(1), new RecordingOptions { Force = true });
        Assert.Single(ReadAll(PathOf("a.jsonl")).Events);
        Assert.True((File.GetAttributes(PathOf("a.jsonl")) & FileAttributes.ReadOnly) != 0);
    }

    [Theory]
    [InlineData("missing/a.jsonl")]
    [InlineData("")]
    public void What_cannot_be_opened_is_an_error_that_says_so(string name)
    {
        Assert.Equal(XenErrorId.RecordingFailed, Assert.Throws<XenException>(() => RecordingWriter.Open(PathOf(name))).Id);
        Assert.Equal(XenErrorId.RecordingFailed, Assert.Throws<XenException>(() => RecordingReader.Open(PathOf(name))).Id);
    }

    [Fact]
    public void A_full_disk_is_an_error_of_the_write_or_of_the_end()
    {
        using RecordingWriter writer = RecordingWriter.Open("/dev/full");
        Assert.Equal(XenErrorId.RecordingFailed, Assert.Throws<XenException>(() =>
        {
            foreach (VmEvent one in Many(200)) writer.Write(one);
            writer.Close();
        }).Id);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void A_line_that_breaks_off_is_left_out_wherever_it_does()
    {
        Write("a.jsonl", Many(2));
        byte[] all = File.ReadAllBytes(PathOf("a.jsonl"));
        int first = Array.IndexOf(all, (byte)'\n') + 1;
        foreach (int length in Enumerable.Range(first, all.Length - first + 1))
        {
            File.WriteAllBytes(PathOf("torn.jsonl"), all[..length]);
            (List<VmEvent> events, bool isTorn) = ReadAll(PathOf("torn.jsonl"));
            Assert.Equal(length >= all.Length - 1 ? 2 : 1, events.Count);
            Assert.Equal(length > first && length < all.Length - 1, isTorn);
        }
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void A_compressed_file_that_breaks_off_gives_what_came_before_wherever_it_does()
    {
        List<VmEvent> written = Many(100);
        Write("a.gz", written);
        byte[] all = File.ReadAllBytes(PathOf("a.gz"));
        int most = 0;
        foreach (int length in Enumerable.Range(2, all.Length - 2))
        {
            File.WriteAllBytes(PathOf("torn.gz"), all[..length]);
            (List<VmEvent> events, bool isTorn) = ReadAll(PathOf("torn.gz"));
            Assert.True(isTorn);
            Assert.InRange(events.Count, most, written.Count);
            most = events.Count;
            foreach ((int i, VmEvent one) in events.Index()) Assert.Equal(written[i].ToString(), one.ToString());
        }

        Assert.Equal(written.Count, most);
    }

    [Fact]
    public void What_is_appended_to_a_line_that_breaks_off_can_be_read()
    {
        Write("a.jsonl", Many(2));
        byte[] all = File.ReadAllBytes(PathOf("a.jsonl"));
        File.WriteAllBytes(PathOf("a.jsonl"), all[..^100]);
        Write("a.jsonl", Many(3), new RecordingOptions { Append = true });
        using RecordingReader reader = RecordingReader.Open(PathOf("a.jsonl"));
        Assert.NotNull(reader.Read());
        XenException broken = Assert.Throws<XenException>(reader.Read);
        Assert.Equal(XenErrorId.InvalidRecording, broken.Id);
        Assert.Contains("Line 2 of", broken.Message, StringComparison.Ordinal);
        for (int i = 0; i < 3; i++) Assert.NotNull(reader.Read());
        Assert.Null(reader.Read());
        Assert.False(reader.IsTorn);
    }

    [Fact]
    public void What_is_appended_to_a_compressed_file_that_breaks_off_can_be_read()
    {
        Write("a.gz", Many(50));
        byte[] all = File.ReadAllBytes(PathOf("a.gz"));
        File.WriteAllBytes(PathOf("a.gz"), all[..^20]);
        Write("a.gz", Many(3), new RecordingOptions { Append = true });
        (List<VmEvent> events, int broken) = RecordingDamageTests.ReadPastDamage(PathOf("a.gz"));
        Assert.Equal(1, broken);
        Assert.Equal(Many(3).Select(e => e.ToString()), events.TakeLast(3).Select(e => e.ToString()));
    }

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.jsonl.gz")]
    public void An_event_is_in_the_file_in_a_while_though_nobody_closes_it(string name)
    {
        using RecordingWriter writer = RecordingWriter.Open(PathOf(name));
        foreach (VmEvent one in Many(10)) writer.Write(one);
        Hosts.Until(() => ReadAll(PathOf(name)).Events.Count == 10);
        Assert.Equal(name.EndsWith(".gz", StringComparison.Ordinal), ReadAll(PathOf(name)).IsTorn);
    }

    [Fact]
    public void A_compressed_file_to_which_nothing_was_written_yet_is_read_as_it_grows()
    {
        File.WriteAllBytes(PathOf("grows.gz"), []);
        Write("a.gz", Many(10));
        using RecordingReader reader = RecordingReader.Open(PathOf("grows.gz"));
        File.WriteAllBytes(PathOf("grows.gz"), File.ReadAllBytes(PathOf("a.gz")));
        int events = 0;
        while (reader.Read() is not null) events++;
        Assert.Equal(10, events);
    }

    [Fact]
    public void A_held_event_is_recorded_with_its_answer()
    {
        using RecordingWriter writer = RecordingWriter.Open(PathOf("a.jsonl"));
        VmEvent held = Requests.HeldEvent(VmEventKind.Cpuid);
        VmEvent next = Requests.Event(VmEventKind.GuestRequest);
        next.SetDefault(VmEventResponse.Continue);
        writer.Write(held);
        writer.Write(next);
        Hosts.Until(() => ReadAll(PathOf("a.jsonl")).Events.Count == 1);
        held.Respond(VmEventResponse.Continue.WithRegister(SettableRegister.Rax, 5));
        held.SetAnswered(System.Diagnostics.Stopwatch.GetTimestamp());
        writer.Close();
        (List<VmEvent> events, _) = ReadAll(PathOf("a.jsonl"));
        Assert.Equal([VmEventKind.GuestRequest, VmEventKind.Cpuid], events.Select(e => e.Kind));
        Assert.Equal((ResponseState.Given, "Continue, Rax=0x5"), (events[1].ResponseState, events[1].Response?.Name));
        Assert.Equal(held.HandlingTime, events[1].HandlingTime);
        Assert.NotNull(held.HandlingTime);
    }

    [Fact]
    public void Empty_lines_carriage_returns_and_a_mark_of_the_encoding_are_no_harm()
    {
        Write("a.jsonl", Many(2));
        string text = File.ReadAllText(PathOf("a.jsonl"));
        File.WriteAllText(PathOf("b.jsonl"), text.Replace("\n", "\r\n\r\n", StringComparison.Ordinal), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(2, ReadAll(PathOf("b.jsonl")).Events.Count);
    }

    [Fact]
    public void What_is_no_recording_is_refused_once_however_long_its_lines_are()
    {
        using (GZipStream file = new(File.Create(PathOf("zeros.gz")), CompressionLevel.Fastest)) file.Write(new byte[4 << 20]);
        File.WriteAllText(PathOf("text"), string.Join('\n', Enumerable.Repeat(new string('x', 3 << 20), 3)) + '\n');
        AssertRefusedOnce("zeros.gz");
        AssertRefusedOnce("text");
    }

    private void AssertRefusedOnce(string name)
    {
        using RecordingReader reader = RecordingReader.Open(PathOf(name));
        Assert.Equal(XenErrorId.InvalidRecording, Assert.Throws<XenException>(reader.Read).Id);
        Assert.Null(reader.Read());
    }

    [Fact]
    public void What_is_not_selected_is_passed_over()
    {
        List<VmEvent> all = Many(200);
        Write("a.jsonl", all);
        ulong median = all.Select(e => e.InstructionPointer).Order().ElementAt(100);
        AddressRange half = new(0, median);
        using RecordingReader reader = RecordingReader.Open(PathOf("a.jsonl"), new EventSelection { InstructionPointers = [half] });
        List<string> read = [];
        while (reader.Read() is { } one) read.Add(one.ToString());
        Assert.InRange(read.Count, 1, all.Count - 1);
        Assert.Equal(all.Where(e => e.InstructionPointer <= half.Last).Select(e => e.ToString()), read);
    }

    [Fact]
    public void Writing_an_event_makes_no_objects_of_its_size()
    {
        using RecordingWriter writer = RecordingWriter.Open(PathOf("a.jsonl"));
        List<VmEvent> events = Many(1000);
        foreach (VmEvent one in events) writer.Write(one);
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (VmEvent one in events) writer.Write(one);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / events.Count, 0, 200);
    }

    private static List<VmEvent> Many(int count)
    {
        List<VmEvent> events = [];
        for (int i = 0; i < count; i++)
        {
            VmEvent one = Requests.Event(VmEventKind.MemAccess, (VmEventField.MemAccessGfn, (ulong)i), (VmEventField.Rip, (ulong)(i * 7919)));
            one.SetDefault(VmEventResponse.Continue);
            one.SetAnswered(System.Diagnostics.Stopwatch.GetTimestamp());
            events.Add(one);
        }

        return events;
    }

    private static (List<VmEvent> Events, bool IsTorn) ReadAll(string path)
    {
        using RecordingReader reader = RecordingReader.Open(path);
        List<VmEvent> events = [];
        while (reader.Read() is { } one) events.Add(one);
        return (events, reader.IsTorn);
    }

    private void Write(string name, List<VmEvent> events, RecordingOptions? options = null)
    {
        using RecordingWriter writer = RecordingWriter.Open(PathOf(name), options);
        foreach (VmEvent one in events) writer.Write(one);
        writer.Close();
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);
}
