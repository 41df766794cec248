using XenVmEvent.Abi;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Policy;

/// <summary>Conditions on events, as policies have them after <c>when</c>.</summary>
public static class EventCondition
{
    /// <summary>Compiles a condition.</summary>
    /// <param name="kind">The kind of event.</param>
    /// <param name="text">The condition, such as <c>newValue &amp; 0x100000 == 0</c>.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidExpression"/>: it is wrong. The message says where and why.
    /// </exception>
    public static RequestExpression Parse(VmEventKind kind, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            Expression condition = ExpressionParser.ParseCondition(text, EventFields.Of(kind), symbols: null);
            condition.Text = text;
            return condition;
        }
        catch (ExpressionException e)
        {
            throw new XenException(
                XenErrorId.InvalidExpression,
                $"The condition '{PolicyMap.Short(text)}' is wrong at character {e.Position + 1}: {e.Message}",
                $"Compare fields of {kind} events: {string.Join(", ", EventFields.Of(kind).OwnNames)}; or registers such as rax.");
        }
    }
}
