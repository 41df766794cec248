using XenVmEvent.Abi;

namespace XenVmEvent.Monitoring;

/// <summary>
/// A value computed from a request, before an object is made of it. It allocates nothing. Its author ensures that it
/// ends, and that its depth is bounded.
/// </summary>
public abstract class RequestExpression
{
    private protected RequestExpression()
    {
    }

    /// <summary>What its author wrote, for telling conditions apart; empty if nobody asks.</summary>
    public string Text { get; internal set; } = "";

    /// <summary>The value; a condition is 1 if it holds and 0 otherwise.</summary>
    internal abstract ulong Evaluate(in RequestReader request);

    /// <summary>Whether a condition holds.</summary>
    internal bool Holds(in RequestReader request) => Evaluate(request) != 0;
}
