namespace System.Management.Automation;

public sealed class ItemNotFoundException(string message) : RuntimeException(message);
