namespace System.Management.Automation;

public class RuntimeException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    internal virtual string ErrorId => "RuntimeException";

    internal virtual ErrorCategory Category => ErrorCategory.NotSpecified;
}
