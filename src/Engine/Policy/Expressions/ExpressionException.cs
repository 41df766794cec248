namespace XenVmEvent.Policy;

/// <summary>An expression is wrong.</summary>
/// <param name="position">Where in its text, from 0.</param>
/// <param name="message">What is wrong, and what was expected: a whole sentence.</param>
internal sealed class ExpressionException(int position, string message) : Exception(message)
{
    public int Position { get; } = position;
}
