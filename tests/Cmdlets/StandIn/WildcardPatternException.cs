namespace System.Management.Automation;

public sealed class WildcardPatternException(string message) : RuntimeException(message);
