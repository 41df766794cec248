using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Agent.Tests;
using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>Receive-XenVmEvent on a real redis-server. What a reader makes of streams is in tests/Agent.</summary>
public sealed class ReceiveTests : CmdletTest
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly string[] Both = ["dom0-[12]", "lab-1"];

    private readonly HostStreams _fleet;

    public ReceiveTests() => _fleet = new HostStreams();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _fleet.Dispose();
        base.Dispose(disposing);
    }

    [Fact]
    public void Events_of_all_hosts_come_in_the_order_of_time()
    {
        Send("dom0-1", 0, 2, 4);
        Send("dom0-2", 1, 3);
        PipelineOutcome outcome = Receive().Run();
        Assert.Equal(PSInvocationState.Completed, outcome.State);
        Assert.Empty(outcome.Errors);
        Assert.Empty(outcome.Warnings);
        CpuidEvent[] events = outcome.OutputOf<CpuidEvent>();
        Assert.Equal([(0, "dom0-1"), (1, "dom0-2"), (2, "dom0-1"), (3, "dom0-2"), (4, "dom0-1")], events.Select(e => ((e.Time - Noon).TotalSeconds, e.HostName)));
        Assert.All(events, e => Assert.Equal("web01", e.Domain));
    }

    [Fact]
    public void Hosts_domains_kinds_and_times_are_selected()
    {
        Send("dom0-1", 0, 10);
        Send("lab-1", 0);
        Assert.Equal(2, Count(Receive().With("HostName", "DOM0-*")));
        Assert.Equal(3, Count(Receive().With("HostName", Both)));
        Assert.Equal(3, Count(Receive().With("Domain", "web*").With("Event", VmEventKind.Cpuid)));
        Assert.Equal(0, Count(Receive().With("Domain", "db*")));
        Assert.Equal(0, Count(Receive().With("Event", "MemAccess")));
        Assert.Equal(1, Count(Receive().With("Since", Noon.AddSeconds(5).LocalDateTime)));
        Assert.Equal(2, Count(Receive().With("First", 2)));
    }

    [Fact]
    public void A_group_s_reader_acknowledges_what_the_pipeline_has_taken()
    {
        Send("dom0-1", 0, 1, 2);
        Assert.Equal(3, Count(Receive().With("Group", "soc")));
        Assert.Equal(0, _fleet.Pending("dom0-1", "soc"));
        Assert.Equal(0, Count(Receive().With("Group", "soc")));
        Assert.Equal(3, Count(Receive().With("Group", "other").With("Consumer", "me")));
        Assert.Equal("me", Assert.Single(_fleet.Database.StreamConsumerInfo(HostStreams.Key("dom0-1"), "other")).Name);
    }

    [Fact]
    public void What_was_enough_leaves_the_rest_for_the_group()
    {
        Send("dom0-1", [.. Enumerable.Range(0, 12)]);
        Assert.Equal([0, 1, 2, 3, 4], Seconds(Receive().With("Group", "soc").With("First", 5)));
        Assert.Equal(7, _fleet.Pending("dom0-1", "soc"));

        // Select-Object ends the pipeline while the last one is on its way: whether that was taken is not known.
        Assert.Equal([5, 6, 7, 8, 9], Seconds(Receive().With("Group", "soc").Then("Select-Object", ("First", 5))));
        Assert.Equal([9, 10, 11], Seconds(Receive().With("Group", "soc")));
        Assert.Equal(0, _fleet.Pending("dom0-1", "soc"));
    }

    [Fact]
    public void What_a_pipeline_failed_at_stays_for_the_group()
    {
        Send("dom0-1", 0, 1, 2);
        PipelineOutcome outcome = Receive().With("Group", "soc")
            .To(e => _ = ((VmEvent)e!).Time > Noon ? throw new InvalidOperationException("No more.") : 0).Run();
        Assert.Equal(PSInvocationState.Failed, outcome.State);
        Assert.Equal([1, 2], Seconds(Receive().With("Group", "soc")));
    }

    [Fact]
    public void Stopped_while_an_event_is_in_the_pipeline_it_stays_for_the_group()
    {
        Send("dom0-1", 0, 1, 2);
        using ManualResetEventSlim isTaken = new();
        using ManualResetEventSlim isStopped = new();
        Pipeline pipeline = Receive().With("Follow").With("Group", "soc").To(e =>
        {
            if (((VmEvent)e!).Time == Noon) return;
            isTaken.Set();
            isStopped.Wait(Patience);
        });
        BackgroundRun run = new(pipeline);
        Assert.True(isTaken.Wait(Patience));
        pipeline.Stop();
        isStopped.Set();
        Assert.Equal(PSInvocationState.Stopped, run.Finish(Patience).State);
        Assert.Equal([1, 2], Seconds(Receive().With("Group", "soc")));
    }

    [Fact]
    public void Stopped_while_nothing_comes_and_while_Redis_does_not_answer()
    {
        Send("dom0-1", 0);
        using ManualResetEventSlim isTaken = new();
        Pipeline waiting = Receive().With("Follow").To(_ => isTaken.Set());
        BackgroundRun run = new(waiting);
        Assert.True(isTaken.Wait(Patience));
        waiting.Stop();
        Assert.Equal(PSInvocationState.Stopped, run.Finish(Patience).State);

        isTaken.Reset();
        Pipeline stuck = Receive().With("Follow").To(_ => isTaken.Set());
        run = new(stuck);
        Assert.True(isTaken.Wait(Patience));
        _fleet.Server.Signal("STOP");
        stuck.Stop();
        Assert.Equal(PSInvocationState.Stopped, run.Finish(Patience).State);
        _fleet.Server.Signal("CONT");
    }

    [Fact]
    public void Who_follows_gets_what_comes_later_also_after_Redis_was_killed()
    {
        Send("dom0-1", 0);
        int got = 0;
        Pipeline pipeline = Receive().With("Follow").With("Window", 0.001).With("First", 3).To(_ => Interlocked.Increment(ref got));
        BackgroundRun run = new(pipeline);
        Until(() => Volatile.Read(ref got) == 1);
        _fleet.Server.Kill();
        _fleet.Server.Start();
        Until(() => _fleet.Redis.IsConnected);
        Send("dom0-1", 1);
        Send("dom0-2", 2);
        PipelineOutcome outcome = run.Finish(Patience);
        Assert.Equal(PSInvocationState.Completed, outcome.State);
        Assert.Equal(3, outcome.Output.Count);
        Assert.All(outcome.Warnings, w => Assert.Contains("Redis", w, StringComparison.Ordinal));
    }

    [Fact]
    public void It_ends_after_a_time() => Assert.Equal(PSInvocationState.Completed, Receive().With("Follow").With("Duration", 0.5).Run().State);

    [Fact]
    public void What_is_missing_broken_or_lost_becomes_a_warning()
    {
        Send("dom0-1", 0);
        _fleet.Numbers["dom0-1"] += 7;
        Send("dom0-1", 1);
        _fleet.Send("dom0-1", Noon.AddSeconds(2), """{"lost":190,"reason":"OutputFull","from":"2026-05-01T12:00:01Z","to":"2026-05-01T12:00:02Z","domain":"web01","domainId":1}""");
        _fleet.Send("dom0-1", Noon.AddSeconds(3), "nonsense");
        PipelineOutcome outcome = Receive().Run();
        Assert.Equal(2, outcome.Output.Count);
        Assert.Empty(outcome.Errors);
        Assert.Equal(3, outcome.Warnings.Count);
        Assert.StartsWith("dom0-1: 7 entries are missing", outcome.Warnings[0], StringComparison.Ordinal);
        Assert.StartsWith("dom0-1: 1 entry is not what an agent writes", outcome.Warnings[1], StringComparison.Ordinal);
        Assert.StartsWith("dom0-1: 190 events of web01", outcome.Warnings[2], StringComparison.Ordinal);
    }

    [Fact]
    public void What_came_late_becomes_a_warning()
    {
        Send("dom0-1", 5);
        bool isSent = false;
        PipelineOutcome outcome = Receive().With("Follow").With("Window", 0.001).With("First", 2).To(_ =>
        {
            if (!isSent) Send("dom0-2", 0);
            isSent = true;
        }).Run();
        Assert.Equal(2, outcome.Output.Count);
        Assert.Equal("1 events came late, after later ones of other hosts.", Assert.Single(outcome.Warnings));
    }

    [Fact]
    public void Without_Redis_there_is_an_error_that_names_it_and_no_password()
    {
        _fleet.Server.Kill();
        ErrorRecord error = Receive(",user=soc,password=secret").Run().TerminatingError!;
        Assert.Equal("RedisFailed,XenVmEvent.PS.ReceiveXenVmEventCommand", error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.ConnectionError, error.CategoryInfo.Category);
        Assert.Equal(_fleet.Server.Address, error.TargetObject);
        Assert.NotEmpty(error.ErrorDetails!.RecommendedAction);
    }

    [Theory]
    [InlineData("Consumer", "me")]
    [InlineData("Window", 5)]
    [InlineData("PasswordFile", "/no/such/file")]
    [InlineData("PasswordFile", "env:/PATH")]
    public void What_cannot_be_is_refused(string parameter, object value)
    {
        ErrorRecord error = Receive().With(parameter, value).Run().TerminatingError!;
        Assert.Equal("InvalidArgument,XenVmEvent.PS.ReceiveXenVmEventCommand", error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.InvalidArgument, error.CategoryInfo.Category);
    }

    [Fact]
    public void The_password_comes_from_a_credential_or_a_file()
    {
        Send("dom0-1", 0);
        _fleet.Redis.GetServers()[0].Execute("ACL", "SETUSER", "soc", "on", ">secret", "%R~xenvmevent:*", "resetchannels", "-@all", "+echo", "+ping", "+scan", "+xread");
        using System.Security.SecureString secret = new();
        foreach (char c in "secret") secret.AppendChar(c);
        Assert.Equal(1, Count(Receive().With("Credential", new PSCredential("soc", secret))));
        File.WriteAllText(_fleet["password"], "secret\n");
        Assert.Equal(1, Count(Receive(",user=soc").With("PasswordFile", _fleet["password"])));
    }

    [Fact]
    public void What_was_received_goes_into_recordings_measures_and_reports_unchanged()
    {
        Send("dom0-1", 0, 1);
        Send("dom0-2", 2);
        string file = _fleet["fleet.jsonl.gz"];
        VmEvent[] received = Receive().Run().OutputOf<VmEvent>();
        Pipeline.Of<ExportXenVmEventCommand>(file).From(received).Run();
        VmEvent[] read = Pipeline.Of<ImportXenVmEventCommand>(file).Run().OutputOf<VmEvent>();
        Assert.Equal(received.Select(Line), read.Select(Line));
        Assert.Equal("dom0-1 2, dom0-2 1", $"{Pipeline.Of<MeasureXenVmEventCommand>().From(read).Run().OutputOf<Measurement.EventMeasure>()[0].ByHost}");
        Assert.Contains("<title>Xen events of dom0-1 and dom0-2</title>", (string)Assert.Single(Pipeline.Of<ExportXenVmEventReportCommand>().From(read).Run().Output)!, StringComparison.Ordinal);
    }

    private static string Line(VmEvent vmEvent) => (string)VmEventMembers.Recorded(new PSObject(vmEvent));

    private static int Count(Pipeline pipeline) => Seconds(pipeline).Length;

    private static double[] Seconds(Pipeline pipeline)
    {
        PipelineOutcome outcome = pipeline.Run();
        Assert.Null(outcome.TerminatingError);
        return [.. outcome.OutputOf<VmEvent>().Select(e => (e.Time - Noon).TotalSeconds)];
    }

    private void Send(string host, params int[] seconds) => _fleet.SendEvents(host, seconds.Select(s => Noon.AddSeconds(s)));

    private Pipeline Receive(string options = "") => Pipeline.Of<ReceiveXenVmEventCommand>(_fleet.Server.Address + options);
}
