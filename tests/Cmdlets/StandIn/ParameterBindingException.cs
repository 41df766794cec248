namespace System.Management.Automation;

public sealed class ParameterBindingException(string errorId, string message, ErrorCategory category = ErrorCategory.InvalidArgument, Exception? innerException = null)
    : RuntimeException(message, innerException)
{
    internal override string ErrorId => errorId;

    internal override ErrorCategory Category => category;
}
