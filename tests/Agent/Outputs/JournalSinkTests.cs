using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using XenVmEvent.Events;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>Entries of the journal, as its daemon receives them.</summary>
public sealed class JournalSinkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _journal = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = (int)Until.Patience.TotalMilliseconds };

    public JournalSinkTests() => _journal.Bind(new UnixDomainSocketEndPoint(_folder["socket"]));

    public void Dispose()
    {
        _journal.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(RuleSeverity.Critical, "2")]
    [InlineData(RuleSeverity.Warning, "4")]
    [InlineData(RuleSeverity.Notice, "5")]
    [InlineData(RuleSeverity.Info, "6")]
    public void An_event_is_an_entry_with_fields(RuleSeverity severity, string priority)
    {
        using JournalSink sink = Sink();
        sink.Write([Outgoing.Event(1, severity, "What now?")]);
        Dictionary<string, string> entry = Receive();
        Assert.Equal(priority, entry["PRIORITY"]);
        Assert.StartsWith("rule: Cpuid web07 vCPU 0 ip 0x0 leaf 0x1", entry["MESSAGE"], StringComparison.Ordinal);
        Assert.EndsWith("-> Continue (What now?)", entry["MESSAGE"], StringComparison.Ordinal);
        Assert.Equal(
            ("xenvmevent", "web07", "7", "0", "Cpuid", "policy", "rule", $"{severity}", "Continue"),
            (entry["SYSLOG_IDENTIFIER"], entry["XEN_DOMAIN"], entry["XEN_DOMAIN_ID"], entry["XEN_VCPU"], entry["XEN_EVENT"], entry["XEN_POLICY"], entry["XEN_RULE"], entry["XEN_SEVERITY"], entry["XEN_RESPONSE"]));
        Assert.Equal(1, sink.State.Delivered);
    }

    [Fact]
    public void A_note_of_missing_events_is_a_warning()
    {
        using JournalSink sink = Sink();
        sink.Write([LossNote.Of(new EventLoss("web07", 7, LossReason.OutputFull, 3, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch))]);
        Dictionary<string, string> entry = Receive();
        Assert.Equal(("4", "3", "OutputFull"), (entry["PRIORITY"], entry["XEN_LOST"], entry["XEN_LOST_REASON"]));
        Assert.StartsWith("3 events of web07 are missing", entry["MESSAGE"], StringComparison.Ordinal);
        Assert.Equal(0, sink.State.Delivered);
    }

    [Theory]
    [InlineData("two\nlines\nPRIORITY=0")]
    [InlineData("\u001b[31mred\0end")]
    [InlineData("PRIORITY\n\u0001\0\0\0\0\0\0\00\n")]
    public void Text_of_any_kind_forges_no_field(string text)
    {
        using JournalSink sink = Sink();
        sink.Write([Outgoing.Event(1, RuleSeverity.Warning, text)]);
        Dictionary<string, string> entry = Receive();
        Assert.Equal("4", entry["PRIORITY"]);
        Assert.Equal(text, entry["XEN_RULE_MESSAGE"]);
        Assert.DoesNotContain(entry["MESSAGE"], char.IsControl);
    }

    [Fact]
    public void Long_text_is_cut_between_characters()
    {
        using JournalSink sink = Sink();
        for (int before = 0; before < 4; before++)
        {
            sink.Write([Outgoing.Event(1, RuleSeverity.Warning, new string('x', before) + string.Concat(Enumerable.Repeat("😀", 10_000)))]);
            string cut = Receive()["XEN_RULE_MESSAGE"];
            Assert.InRange(Encoding.UTF8.GetByteCount(cut), JournalEntry.LongestValue - 3, JournalEntry.LongestValue);
            Assert.DoesNotContain('\ufffd', cut);
        }
    }

    [Fact]
    public void A_journal_that_restarts_misses_nothing_and_gets_nothing_twice()
    {
        string path = _folder["later"];
        using JournalSink sink = new(new JournalOutputSettings { Name = "alerts", Socket = path });
        IReadOnlyList<OutgoingEvent> batch = Outgoing.Events(0, 3);
        Assert.Throws<EventSinkException>(() => sink.Write(batch));
        Assert.NotNull(sink.State.Problem);
        using Socket journal = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = (int)Until.Patience.TotalMilliseconds };
        journal.Bind(new UnixDomainSocketEndPoint(path));
        sink.Write(batch);
        Assert.Equal(["leaf 0x0", "leaf 0x1", "leaf 0x2"], Enumerable.Range(0, 3).Select(_ => Receive(journal)["XEN_DETAILS"].Split(" sub")[0]));
        Assert.Equal((3, null), (sink.State.Delivered, sink.State.Problem));
        Assert.Equal(0, journal.Available);
    }

    private JournalSink Sink() => new(new JournalOutputSettings { Name = "alerts", Socket = _folder["socket"] });

    private Dictionary<string, string> Receive() => Receive(_journal);

    /// <summary>Reads an entry as the journal does: each field has a name, a line end, a length, a value and a line end.</summary>
    private static Dictionary<string, string> Receive(Socket journal)
    {
        byte[] buffer = new byte[100_000];
        ReadOnlySpan<byte> rest = buffer.AsSpan(0, journal.Receive(buffer));
        Dictionary<string, string> fields = [];
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)'\n');
            string name = Encoding.ASCII.GetString(rest[..end]);
            Assert.Matches("^[A-Z][A-Z_]*$", name);
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(rest[(end + 1)..]);
            ReadOnlySpan<byte> value = rest[(end + 9)..];
            fields.Add(name, Encoding.UTF8.GetString(value[..length]));
            Assert.Equal((byte)'\n', value[length]);
            rest = value[(length + 1)..];
        }

        return fields;
    }
}
