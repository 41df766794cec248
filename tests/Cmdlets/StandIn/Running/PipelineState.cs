namespace XenVmEvent.Cmdlets.Tests.StandIn;

/// <summary>How a pipeline ended.</summary>
internal enum PipelineState
{
    Completed,
    Failed,
    Stopped,
}
