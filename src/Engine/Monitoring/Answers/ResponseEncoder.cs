using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>Writes a decision into the bytes of a response.</summary>
internal static class ResponseEncoder
{
    public static void Write(RequestReader request, VmEventResponse response, ResponseWriter writer, IReadOnlyList<ComputedRegister>? computed = null)
    {
        CopyWhatXenReads(request, writer);
        writer.AddFlags(response.Flags);
        if (response.View is { } view) writer.Set(VmEventField.Altp2mIndex, view);
        if (response.FastSingleStepView is { } next) writer.Set(VmEventField.FastSingleStepView, next);
        if (!response.EmulatedReadData.IsEmpty) writer.SetReadData(response.EmulatedReadData.Span);
        if (!response.InstructionData.IsEmpty) writer.SetInstructionData(response.InstructionData.Span);

        // A fork that is reset keeps none of its registers.
        if (!response.ResetForkState) ResponseRegisters.Write(request, response, writer, computed);
    }

    private static void CopyWhatXenReads(RequestReader request, ResponseWriter writer)
    {
        switch (request.Kind)
        {
            case VmEventKind.MemAccess:
                // Xen emulates only what still violates the page's permissions, judged by these flags.
                writer.Copy(request, VmEventField.MemAccessGfn);
                writer.Copy(request, VmEventField.MemAccessOffset);
                writer.Copy(request, VmEventField.MemAccessGla);
                writer.Copy(request, VmEventField.MemAccessFlags);
                break;
            case VmEventKind.WriteControlRegister:
                // Says which register's write a Deny is about.
                writer.Copy(request, VmEventField.ControlRegisterIndex);
                break;
            case VmEventKind.MemPaging:
                // Xen brings in the page that the answer names, unless the answer says that the page was dropped.
                writer.Copy(request, VmEventField.MemPagingGfn);
                writer.Copy(request, VmEventField.MemPagingType);
                writer.Copy(request, VmEventField.MemPagingFlags);
                break;
            case VmEventKind.MemSharing:
                writer.Copy(request, VmEventField.MemSharingGfn);
                writer.Copy(request, VmEventField.MemSharingType);
                break;
        }
    }
}
