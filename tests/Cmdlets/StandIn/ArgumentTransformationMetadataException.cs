namespace System.Management.Automation;

public sealed class ArgumentTransformationMetadataException(string message, Exception? innerException = null) : RuntimeException(message, innerException);
