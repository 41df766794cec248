namespace System.Management.Automation;

public sealed class ValidationMetadataException(string message) : RuntimeException(message);
