using System.Collections.Concurrent;
using XenVmEvent.Events;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>An output's queue, whatever its sink does.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly ConcurrentQueue<string> _said = new();
    private readonly StandInSink _sink = new();
    private readonly Output _output;

    public OutputTests() => _output = Output(10);

    public void Dispose() => _sink.Dispose();

    [Fact]
    public void Events_arrive_in_order()
    {
        _output.Start();
        for (int i = 0; i < 5000; i++)
        {
            Until.True(() => _output.GetStatus().Waiting < 10);
            _output.Offer(Outgoing.Event((uint)i));
        }

        _output.Stop(Until.Patience);
        Assert.Equal(Enumerable.Range(0, 5000), _sink.Numbers);
        Assert.True(_sink.IsDisposed);
        Assert.Equal((0, 0), (_output.GetStatus().Lost, _output.GetStatus().Waiting));
    }

    [Fact]
    public void What_does_not_fit_is_counted_and_noted_where_it_is_missing()
    {
        _output.Start();
        _sink.Block();
        _output.Offer(Outgoing.Event(0));
        Until.True(() => _sink.IsWaiting);
        for (uint i = 1; i <= 15; i++) _output.Offer(Outgoing.Event(i)); // Ten of them fit.
        Assert.Equal((5, 11), (_output.GetStatus().Lost, _output.GetStatus().Waiting));
        Assert.True(_output.GetStatus().Lag > TimeSpan.Zero);
        _sink.Unblock();
        Until.True(() => _output.GetStatus().Waiting == 0);
        _output.Offer(Outgoing.Event(16));
        _output.Stop(Until.Patience);
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "5 lost", "16"], _sink.Taken);
    }

    [Fact]
    public void Losses_are_noted_although_no_event_follows()
    {
        _output.Start();
        _sink.Block();
        _output.Offer(Outgoing.Event(0));
        Until.True(() => _sink.IsWaiting);
        for (uint i = 1; i <= 12; i++) _output.Offer(Outgoing.Event(i));
        _sink.Unblock();
        _output.Stop(Until.Patience);
        Assert.Equal("2 lost", _sink.Taken[^1]);
        EventLoss loss = Assert.Single(_sink.Losses);
        Assert.Equal(("web07", 7u, LossReason.OutputFull), (loss.Domain, loss.DomainId, loss.Reason));
        Assert.True(loss.From <= loss.To);
    }

    [Fact]
    public void A_sink_that_fails_is_tried_again_and_told_of_once()
    {
        _sink.Problem = "The disk is full.";
        _output.Start();
        Until.True(() => _sink.Tries >= 3);
        Assert.Equal("The disk is full.", _output.GetStatus().Problem);
        _output.Offer(Outgoing.Event(1));
        _sink.Problem = null;
        Until.True(() => _output.GetStatus().Published == 1);
        _output.Stop(Until.Patience);
        Assert.Equal(["1"], _sink.Taken);
        Assert.Equal(["The output test fails; it is tried again. The disk is full.", "The output test works again."], _said);
        Assert.Null(_output.GetStatus().Problem);
    }

    [Fact]
    public void A_defect_of_a_sink_is_told_too()
    {
        _sink.Defect = new InvalidOperationException("It is broken.");
        _output.Start();
        Until.True(() => _sink.Tries >= 2);
        _output.Stop(TimeSpan.Zero);
        Assert.Contains("It is broken.", Assert.Single(_said.Take(1)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_end_does_not_wait_for_ever()
    {
        _sink.Problem = "The network is gone.";
        _output.Start();
        for (uint i = 0; i < 4; i++) _output.Offer(Outgoing.Event(i));
        _output.Stop(TimeSpan.FromMilliseconds(1));
        Assert.Contains("The output test did not take its last 4 events.", _said);
        Assert.Equal(4, _output.GetStatus().Lost);
    }

    [Fact]
    public void One_that_did_not_settle_in_time_gets_no_more_time_at_the_end()
    {
        _output.Start();
        _output.Offer(Outgoing.Event(0));
        _output.Settle(Until.Patience);
        Assert.Equal([0], _sink.Numbers);
        _sink.Block();
        _output.Offer(Outgoing.Event(1));
        _output.Settle(TimeSpan.FromMilliseconds(1));
        _output.Stop(Timeout.InfiniteTimeSpan);
        Assert.Contains("The output test did not take its last 1 events.", _said);
        _sink.Unblock();
    }

    [Theory]
    [InlineData(RuleSeverity.Info, "4 5 6 7 lost")]
    [InlineData(RuleSeverity.Warning, "6 7 lost")]
    [InlineData(RuleSeverity.Critical, "7 lost")]
    public void It_gets_the_events_of_its_severity_and_every_note(RuleSeverity least, string expected)
    {
        Output output = Output(100, least);
        output.Start();
        foreach (RuleSeverity severity in Enum.GetValues<RuleSeverity>()) output.Offer(Outgoing.Event(4 + (uint)severity, severity));
        output.Offer(LossNote.Of(new EventLoss("web07", 7, LossReason.Shed, 1, default, default)));
        output.Stop(Until.Patience);
        Assert.Equal(expected, string.Join(' ', _sink.Taken).Replace("1 lost", "lost", StringComparison.Ordinal));
    }

    private Output Output(int queue, RuleSeverity severity = RuleSeverity.Info)
    {
        JournalOutputSettings settings = new() { Name = "test", Queue = queue, Severity = severity };
        return new Output(settings, _sink, new AgentLog(_said.Enqueue, _ => ""));
    }
}
