namespace XenVmEvent.Tests.Faults;

/// <summary>What a caller's own list throws.</summary>
internal sealed class FaultyListException : Exception;
