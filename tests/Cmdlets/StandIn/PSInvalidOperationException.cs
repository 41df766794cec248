namespace System.Management.Automation;

public sealed class PSInvalidOperationException(string message) : InvalidOperationException(message);
