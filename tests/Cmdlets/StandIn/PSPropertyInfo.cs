namespace System.Management.Automation;

public sealed record PSPropertyInfo(object? Value);
