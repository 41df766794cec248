using System.Runtime.CompilerServices;
using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>Room for one request within an event, so that an event is one object.</summary>
[InlineArray(VmEventLayout.LargestSize)]
internal struct RequestBytes
{
    private byte _first;
}
