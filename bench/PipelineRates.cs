namespace XenVmEvent.Bench;

/// <summary>Objects a second, as pipeline.ps1 prints them.</summary>
internal sealed record PipelineRates(double Watch, double Bare, double InProcess);
