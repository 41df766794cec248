using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>The answer to an event of each kind when nobody decides otherwise.</summary>
internal sealed class DefaultAnswers(GuestArchitecture architecture)
{
    private readonly VmEventResponse[] _byKind = [.. Enum.GetValues<VmEventKind>().Select(_ => VmEventResponse.Continue)];

    /// <summary>
    /// The default answer for a request's kind, or Continue if that makes no sense for the request. From any thread.
    /// </summary>
    public VmEventResponse For(RequestReader request)
    {
        VmEventResponse response = Volatile.Read(ref _byKind[(int)request.Kind]);
        bool applies = ReferenceEquals(response, VmEventResponse.Continue)
            || (request.IsSynchronous && ResponseRules.FindObjection(response, request, architecture) is null);
        return applies ? response : VmEventResponse.Continue;
    }

    /// <summary>Sets the default answer of a kind.</summary>
    public void Set(VmEventKind kind, VmEventResponse response) =>
        Volatile.Write(ref _byKind[(int)kind], response == VmEventResponse.Continue ? VmEventResponse.Continue : response);
}
