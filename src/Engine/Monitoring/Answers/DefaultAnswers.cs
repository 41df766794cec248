using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>The answer to an event of each kind when nobody decides otherwise.</summary>
internal sealed class DefaultAnswers(GuestArchitecture architecture)
{
    private readonly KindAnswers[] _byKind = [.. Enum.GetValues<VmEventKind>().Select(_ => KindAnswers.Continue)];

    /// <summary>
    /// The default answer for a request, or Continue if that makes no sense for the request. From any thread.
    /// </summary>
    public VmEventResponse For(RequestReader request)
    {
        VmEventResponse response = Volatile.Read(ref _byKind[(int)request.Kind]).For(request);
        bool applies = ReferenceEquals(response, VmEventResponse.Continue)
            || (request.IsSynchronous && ResponseRules.FindObjection(response, request, architecture) is null);
        return applies ? response : VmEventResponse.Continue;
    }

    /// <summary>
    /// Sets the default answer of a kind. With a condition, only for events that meet it; of several conditions, the one
    /// that was set last is asked first. Without one, for all events of the kind: conditions of before are gone.
    /// </summary>
    public void Set(VmEventKind kind, VmEventResponse response, AnswerCondition? condition)
    {
        KindAnswers before = _byKind[(int)kind];
        VmEventResponse canonical = response == VmEventResponse.Continue ? VmEventResponse.Continue : response;
        Volatile.Write(ref _byKind[(int)kind], condition is null ? new KindAnswers(canonical, []) : before.With(canonical, condition));
    }

    /// <summary>The answers of one kind. It does not change.</summary>
    private sealed class KindAnswers(VmEventResponse response, (AnswerCondition Condition, VmEventResponse Response)[] conditional)
    {
        public static KindAnswers Continue { get; } = new(VmEventResponse.Continue, []);

        public VmEventResponse For(in RequestReader request)
        {
            foreach ((AnswerCondition condition, VmEventResponse answer) in conditional)
            {
                if (condition.Holds(request)) return answer;
            }

            return response;
        }

        public KindAnswers With(VmEventResponse answer, AnswerCondition condition) =>
            new(response, [(condition, answer), .. conditional.Where(one => !one.Condition.Equals(condition))]);
    }
}
