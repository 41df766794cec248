using XenVmEvent.Abi;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Policy;

/// <summary>A compiled part of an expression: a tree of small objects that is walked for each request.</summary>
/// <param name="isCondition">Whether it is true or false instead of a number.</param>
internal abstract class Expression(bool isCondition) : RequestExpression
{
    /// <summary>Whether it is true or false instead of a number.</summary>
    public bool IsCondition { get; } = isCondition;

    /// <summary>Whether it is the same for every event.</summary>
    public virtual bool IsConstant => false;

    public static Expression Of(VmEventField field) => new Field(field);

    public static Expression OfNumber(ulong number) => new Constant(number, isCondition: false);

    public static Expression OfCondition(bool holds) => new Constant(holds ? 1UL : 0, isCondition: true);

    public static Expression OfPrivilegeLevel() => new PrivilegeLevel();

    /// <summary>Whether a field is not 0.</summary>
    public static Expression IsSet(VmEventField field) => new Comparison(ComparisonOperator.NotEqual, new Field(field), new Constant(0, isCondition: false));

    public static Expression And(Expression left, ulong bits) => new Arithmetic(ArithmeticOperator.And, left, new Constant(bits, isCondition: false));

    private sealed class Constant(ulong value, bool isCondition) : Expression(isCondition)
    {
        public override bool IsConstant => true;

        internal override ulong Evaluate(in RequestReader request) => value;
    }

    private sealed class Field(VmEventField field) : Expression(isCondition: false)
    {
        internal override ulong Evaluate(in RequestReader request) => request.UInt64(field);
    }

    private sealed class PrivilegeLevel() : Expression(isCondition: false)
    {
        internal override ulong Evaluate(in RequestReader request) => request.PrivilegeLevel;
    }
}

internal enum ArithmeticOperator
{
    Add,
    Subtract,
    Multiply,
    ShiftLeft,
    ShiftRight,
    And,
    Xor,
    Or,
}

internal enum ComparisonOperator
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>Two numbers make a third, modulo 2^64. A shift by 64 or more leaves 0.</summary>
internal sealed class Arithmetic(ArithmeticOperator what, Expression left, Expression right) : Expression(isCondition: false)
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    internal override ulong Evaluate(in RequestReader request)
    {
        ulong one = left.Evaluate(request);
        ulong other = right.Evaluate(request);
        return what switch
        {
            ArithmeticOperator.Add => unchecked(one + other),
            ArithmeticOperator.Subtract => unchecked(one - other),
            ArithmeticOperator.Multiply => unchecked(one * other),
            ArithmeticOperator.ShiftLeft => other < 64 ? one << (int)other : 0,
            ArithmeticOperator.ShiftRight => other < 64 ? one >> (int)other : 0,
            ArithmeticOperator.And => one & other,
            ArithmeticOperator.Xor => one ^ other,
            _ => one | other,
        };
    }
}

/// <summary>All bits of a number inverted.</summary>
internal sealed class Complement(Expression number) : Expression(isCondition: false)
{
    public override bool IsConstant => number.IsConstant;

    internal override ulong Evaluate(in RequestReader request) => ~number.Evaluate(request);
}

/// <summary>Two numbers compared, both without a sign.</summary>
internal sealed class Comparison(ComparisonOperator how, Expression left, Expression right) : Expression(isCondition: true)
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    internal override ulong Evaluate(in RequestReader request)
    {
        ulong one = left.Evaluate(request);
        ulong other = right.Evaluate(request);
        bool holds = how switch
        {
            ComparisonOperator.Equal => one == other,
            ComparisonOperator.NotEqual => one != other,
            ComparisonOperator.Less => one < other,
            ComparisonOperator.LessOrEqual => one <= other,
            ComparisonOperator.Greater => one > other,
            _ => one >= other,
        };
        return holds ? 1UL : 0;
    }
}

/// <summary>Whether a number is in one of some ranges, ends included.</summary>
internal sealed class Membership(Expression number, IReadOnlyList<(Expression First, Expression Last)> ranges) : Expression(isCondition: true)
{
    private readonly (Expression First, Expression Last)[] _ranges = [.. ranges];

    internal override ulong Evaluate(in RequestReader request)
    {
        ulong value = number.Evaluate(request);
        foreach ((Expression first, Expression last) in _ranges)
        {
            if (value >= first.Evaluate(request) && value <= last.Evaluate(request)) return 1;
        }

        return 0;
    }
}

/// <summary>Both conditions, or one of them; the second is computed only if it matters.</summary>
internal sealed class Junction(bool both, Expression left, Expression right) : Expression(isCondition: true)
{
    public override bool IsConstant => left.IsConstant && right.IsConstant;

    internal override ulong Evaluate(in RequestReader request) =>
        (left.Evaluate(request) != 0) == both ? right.Evaluate(request) : both ? 0UL : 1;
}

/// <summary>The opposite of a condition.</summary>
internal sealed class Negation(Expression condition) : Expression(isCondition: true)
{
    public override bool IsConstant => condition.IsConstant;

    internal override ulong Evaluate(in RequestReader request) => condition.Evaluate(request) ^ 1;
}
