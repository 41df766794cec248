namespace System.Management.Automation;

/// <summary>What a cmdlet gets that writes while its pipeline ends: stopped, failed, or with enough.</summary>
public sealed class PipelineStoppedException() : RuntimeException("The pipeline has been stopped.");
