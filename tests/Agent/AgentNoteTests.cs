using System.Text;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>What an agent says of itself, and what others may put in its place.</summary>
public sealed class AgentNoteTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_is_read_as_it_was_written()
    {
        AgentNote note = new(Noon, Noon.AddSeconds(-1), Complete: false) { Version = "0.1.0-rc.1+5", PolicyHash = new string('0', 64), ClockSkew = -0.25 };
        Assert.Equal(note, AgentNote.TryParse(note.ToLine().Span));
    }

    [Fact]
    public void Agents_from_before_say_less_and_later_ones_more()
    {
        Assert.Equal(new AgentNote(Noon, null, Complete: true), Parse("""{"started":"2026-05-01T12:00:00+00:00","previous":null,"complete":true}"""));
        Assert.Equal("9.0", Parse("""{"started":"2026-05-01T12:00:00+00:00","complete":true,"version":"9.0","more":[{}]}""")!.Version);
    }

    [Theory]
    [InlineData("""{"time":"2026-05-01T12:00:00+00:00"}""")]
    [InlineData("""{"started":"tomorrow","complete":true}""")]
    [InlineData("""{"started":"2026-05-01T12:00:00+00:00","version":""}""")]
    [InlineData("""{"started":"2026-05-01T12:00:00+00:00","version":"\u001b[2J"}""")]
    [InlineData("""{"started":"2026-05-01T12:00:00+00:00","version":"12345678901234567890123456789012345678901234567890123456789012345"}""")]
    [InlineData("""{"started":"2026-05-01T12:00:00+00:00","policyHash":"abc"}""")]
    [InlineData("""{"started":"2026-05-01T12:00:00+00:00","policyHash":"ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"}""")]
    [InlineData("""{"started":"2026-05-01T12:00:00+00:00","clockSkew":1e300}""")]
    [InlineData("""{"started":"2026-05-01T12:00:00+00:00","clockSkew":"NaN"}""")]
    public void What_no_agent_says_is_no_note(string line) => Assert.Null(Parse(line));

    private static AgentNote? Parse(string line) => AgentNote.TryParse(Encoding.UTF8.GetBytes(line));
}
