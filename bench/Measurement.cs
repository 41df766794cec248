namespace XenVmEvent.Bench;

/// <summary>A number that was measured.</summary>
internal sealed record Measurement(string Name, double Value, string Unit);
