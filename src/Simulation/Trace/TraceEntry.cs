namespace XenVmEvent.Simulation;

/// <summary>An event of a recording, to be raised again.</summary>
/// <param name="Time">When, since the recording began.</param>
/// <param name="Request">The request as it was, of the host's interface version.</param>
public readonly record struct TraceEntry(TimeSpan Time, ReadOnlyMemory<byte> Request);
