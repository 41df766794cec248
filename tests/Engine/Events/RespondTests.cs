using XenVmEvent.Abi;
using XenVmEvent.Events;
using Xunit;

namespace XenVmEvent.Tests.Events;

public class RespondTests
{
    private static readonly VmEventResponse[] All =
        [VmEventResponse.Continue, VmEventResponse.Emulate, VmEventResponse.EmulateNoWrite, VmEventResponse.Deny, VmEventResponse.Skip, VmEventResponse.Reinject];

    [Fact]
    public void A_held_event_takes_one_answer_and_the_session_hears_of_it()
    {
        var requests = new Requests(7);
        VmEvent held = requests.HeldEvent(VmEventKind.WriteControlRegister);
        Assert.Equal((null, ResponseState.Held, false), (held.Response, held.ResponseState, held.IsDecided));
        held.Respond(VmEventResponse.Deny);
        Assert.Equal((VmEventResponse.Deny, ResponseState.Given, true), (held.Response, held.ResponseState, held.IsDecided));
        Assert.Equal(1, requests.Answered);
        Refused(XenErrorId.AlreadyAnswered, held, VmEventResponse.Continue);
        Assert.Equal((VmEventResponse.Deny, 1), (held.Response, requests.Answered));
    }

    [Fact]
    public void An_event_that_nobody_held_takes_no_answer()
    {
        VmEvent passed = new Requests(7).Event(VmEventKind.Cpuid);
        passed.SetDefault(VmEventResponse.Continue);
        Assert.Equal((VmEventResponse.Continue, ResponseState.Default, true), (passed.Response, passed.ResponseState, passed.IsDecided));
        Assert.Contains("was not held", Refused(XenErrorId.AlreadyAnswered, passed, VmEventResponse.Continue).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_past_its_deadline_takes_no_answer_and_says_so()
    {
        VmEvent late = new Requests(7).HeldEvent(VmEventKind.Cpuid);
        Assert.True(late.TryAnswer(VmEventResponse.Continue, ResponseState.TimedOut));
        Assert.Contains("deadline", Refused(XenErrorId.AlreadyAnswered, late, VmEventResponse.Continue).Message, StringComparison.Ordinal);
        Assert.Equal(ResponseState.TimedOut, late.ResponseState);
    }

    [Fact]
    public void An_answer_that_makes_no_sense_is_refused_and_the_event_stays_held()
    {
        foreach (VmEventKind kind in Enum.GetValues<VmEventKind>())
        {
            foreach (VmEventResponse response in All)
            {
                VmEvent held = new Requests(7).HeldEvent(kind);
                if (response.AppliesTo(kind))
                {
                    held.Respond(response);
                    continue;
                }

                Assert.Contains(response.Name, Refused(XenErrorId.ResponseNotApplicable, held, response).Message, StringComparison.Ordinal);
                Assert.Equal(ResponseState.Held, held.ResponseState);
            }
        }
    }

    [Fact]
    public void Each_answer_applies_to_the_kinds_for_which_Xen_does_something_with_it()
    {
        Assert.Equal(Enum.GetValues<VmEventKind>(), KindsOf(VmEventResponse.Continue));
        Assert.Equal([VmEventKind.MemAccess, VmEventKind.DescriptorAccess], KindsOf(VmEventResponse.Emulate));
        Assert.Equal([VmEventKind.MemAccess], KindsOf(VmEventResponse.EmulateNoWrite));
        Assert.Equal([VmEventKind.WriteControlRegister, VmEventKind.MovToMsr], KindsOf(VmEventResponse.Deny));

        static IEnumerable<VmEventKind> KindsOf(VmEventResponse response) => Enum.GetValues<VmEventKind>().Where(response.AppliesTo);
    }

    [Fact]
    public void Of_many_answers_at_once_exactly_one_wins_and_all_see_the_same()
    {
        const int Threads = 4;
        var requests = new Requests(7);
        VmEvent held = requests.HeldEvent(VmEventKind.WriteControlRegister);
        int won = 0;
        using var round = new Barrier(Threads, _ => held = requests.HeldEvent(VmEventKind.WriteControlRegister));
        Task[] racers = [.. Enumerable.Range(0, Threads).Select(i => Task.Factory.StartNew(() => Race(All[i % 2 * 3], i), TaskCreationOptions.LongRunning))];
        foreach (Task racer in racers) Simulation.Hosts.Finish(racer);
        Assert.Equal(200, won);

        void Race(VmEventResponse mine, int i)
        {
            for (int n = 0; n < 200; n++)
            {
                Assert.True(round.SignalAndWait(Simulation.Listener.Patience));
                VmEvent one = held;
                bool isMine = one.TryAnswer(mine, i < 2 ? ResponseState.Given : ResponseState.TimedOut);
                if (isMine) Interlocked.Increment(ref won);
                SpinWait.SpinUntil(() => one.IsDecided, Simulation.Listener.Patience);
                VmEventResponse? seen = one.Response;
                if (isMine) Assert.Same(mine, seen);
                Assert.NotNull(seen);
                Assert.Same(seen, one.Response);
            }
        }
    }

    private static XenException Refused(XenErrorId id, VmEvent held, VmEventResponse response)
    {
        XenException error = Assert.Throws<XenException>(() => held.Respond(response));
        Assert.Equal(id, error.Id);
        Assert.NotEmpty(error.Remedy);
        return error;
    }
}
