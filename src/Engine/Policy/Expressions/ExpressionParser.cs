using XenVmEvent.Symbols;

namespace XenVmEvent.Policy;

/// <summary>
/// Compiles an expression. From what binds most to what binds least: <c>~ - </c>, <c>*</c>, <c>+ -</c>, <c>&lt;&lt;
/// &gt;&gt;</c>, <c>&amp;</c>, <c>^</c>, <c>|</c>, comparisons and <c>in</c>, <c>not</c>, <c>and</c>, <c>or</c>. Bits
/// bind more than comparisons, as in Python and Rust and unlike in C.
/// </summary>
internal sealed class ExpressionParser
{
    /// <summary>The longest expression in characters.</summary>
    public const int LongestText = 4096;

    /// <summary>How deep parts may lie in each other, so that neither compiling nor evaluating can exhaust the stack.</summary>
    private const int Deepest = 64;

    /// <summary>The longest list after <c>in</c>.</summary>
    private const int MostRanges = 256;

    private static readonly (string Text, ComparisonOperator Operator)[] Comparisons =
    [
        ("==", ComparisonOperator.Equal), ("!=", ComparisonOperator.NotEqual), ("<=", ComparisonOperator.LessOrEqual),
        (">=", ComparisonOperator.GreaterOrEqual), ("<", ComparisonOperator.Less), (">", ComparisonOperator.Greater),
    ];

    /// <summary>From what binds least to what binds most.</summary>
    private static readonly (string Text, ArithmeticOperator Operator)[][] Levels =
    [
        [("|", ArithmeticOperator.Or)],
        [("^", ArithmeticOperator.Xor)],
        [("&", ArithmeticOperator.And)],
        [("<<", ArithmeticOperator.ShiftLeft), (">>", ArithmeticOperator.ShiftRight)],
        [("+", ArithmeticOperator.Add), ("-", ArithmeticOperator.Subtract)],
        [("*", ArithmeticOperator.Multiply)],
    ];

    private readonly string _text;
    private readonly EventFields _fields;
    private readonly SymbolMap? _symbols;
    private readonly List<ExpressionToken> _tokens;
    private int _next;
    private int _depth;

    private ExpressionParser(string text, EventFields fields, SymbolMap? symbols)
    {
        if (text.Length > LongestText) throw new ExpressionException(LongestText, $"An expression has at most {LongestText} characters.");
        _text = text;
        _fields = fields;
        _symbols = symbols;
        _tokens = ExpressionToken.Split(text);
    }

    /// <summary>Compiles a condition on events of a kind.</summary>
    /// <exception cref="ExpressionException">It is wrong, is a number, or is the same for every event.</exception>
    public static Expression ParseCondition(string text, EventFields fields, SymbolMap? symbols)
    {
        Expression condition = new ExpressionParser(text, fields, symbols).ParseAll();
        if (!condition.IsCondition) throw new ExpressionException(0, "This is a number, not a condition: compare it, as in '(newValue & 0x1000) != 0'.");
        return condition.IsConstant ? throw new ExpressionException(0, "This condition is the same for every event.") : condition;
    }

    /// <summary>Compiles a number computed from events of a kind.</summary>
    /// <exception cref="ExpressionException">It is wrong, or is a condition.</exception>
    public static Expression ParseNumber(string text, EventFields fields, SymbolMap? symbols)
    {
        Expression number = new ExpressionParser(text, fields, symbols).ParseAll();
        return number.IsCondition ? throw new ExpressionException(0, "This is a condition, not a number.") : number;
    }

    private ExpressionToken Token => _tokens[_next];

    private Expression ParseAll()
    {
        Expression all = ParseOr();
        return Token.Kind == TokenKind.End ? all : throw Unexpected("an operator or the end");
    }

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        while (Takes("or", "||")) left = new Junction(both: false, Condition(left), Condition(ParseAnd()));
        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (Takes("and", "&&")) left = new Junction(both: true, Condition(left), Condition(ParseNot()));
        return left;
    }

    private Expression ParseNot()
    {
        if (!Takes("not", "!")) return ParseComparison();
        Enter();
        Expression condition = Condition(ParseNot());
        _depth--;
        return new Negation(condition);
    }

    private Expression ParseComparison()
    {
        Expression left = ParseArithmetic(0);
        foreach ((string text, ComparisonOperator how) in Comparisons)
        {
            if (!Takes(text)) continue;
            Comparison comparison = new(how, Number(left), Number(ParseArithmetic(0)));
            if (Array.Exists(Comparisons, one => Is(one.Text)) || Is("in")) throw Unexpected("'and', 'or' or the end, because a comparison has two sides");
            return comparison;
        }

        if (Takes("in")) return ParseMembership(Number(left), isIn: true);
        if (!Is("not") || _tokens[_next + 1] is not { Text: "in" }) return left;
        _next += 2;
        return ParseMembership(Number(left), isIn: false);
    }

    private Expression ParseMembership(Expression number, bool isIn)
    {
        List<(Expression, Expression)> ranges = [];
        string? end = Takes("[") ? "]" : Takes("(") ? ")" : null;
        do
        {
            if (ranges.Count == MostRanges) throw new ExpressionException(Token.Position, $"A list has at most {MostRanges} ranges.");
            ranges.Add(ParseRange());
        }
        while (end is not null && Takes(","));
        if (end is not null && !Takes(end)) throw Unexpected($"',' or '{end}'");
        Membership membership = new(number, ranges);
        return isIn ? membership : new Negation(membership);
    }

    private (Expression First, Expression Last) ParseRange()
    {
        int position = Token.Position;
        Expression first = Number(ParseArithmetic(0));
        if (!Takes("..")) return (first, first);
        Expression last = Number(ParseArithmetic(0));
        if (first.IsConstant && last.IsConstant && first.Evaluate(default) > last.Evaluate(default)) throw new ExpressionException(position, "The range has no numbers: its first is greater than its last.");
        return (first, last);
    }

    private Expression ParseArithmetic(int level)
    {
        if (level == Levels.Length) return ParseUnary();
        Expression left = ParseArithmetic(level + 1);
        while (true)
        {
            (string? text, ArithmeticOperator what) = Array.Find(Levels[level], one => Is(one.Text));
            if (text is null) return left;
            _next++;
            left = new Arithmetic(what, Number(left), Number(ParseArithmetic(level + 1)));
        }
    }

    private Expression ParseUnary()
    {
        if (!Is("~") && !Is("-")) return ParseValue();
        Enter();
        bool isMinus = Is("-");
        _next++;
        Expression number = Number(ParseUnary());
        _depth--;
        return isMinus ? new Arithmetic(ArithmeticOperator.Subtract, Expression.OfNumber(0), number) : new Complement(number);
    }

    private Expression ParseValue()
    {
        if (Takes("("))
        {
            Enter();
            Expression inner = ParseOr();
            _depth--;
            return Takes(")") ? inner : throw Unexpected("')'");
        }

        ExpressionToken token = Token;
        switch (token.Kind)
        {
            case TokenKind.Number:
                _next++;
                return Expression.OfNumber(token.Number);
            case TokenKind.Name when !IsKeyword(token.Text):
                _next++;
                return Find(token);
            default:
                throw Unexpected("a number, the name of a field or register, or '('");
        }
    }

    private Expression Find(ExpressionToken token)
    {
        string name = token.Text;
        if (_fields.FindField(name) is { } field) return field;
        if (name is "true" or "false") return Expression.OfCondition(name == "true");
        if (_fields.FindConstant(name) is { } constant) return Expression.OfNumber(constant);
        if (_symbols?.AddressOf(name) is { } address) return Expression.OfNumber(address);
        string also = _symbols is null ? "" : ", nor a symbol of the map";
        throw new ExpressionException(
            token.Position,
            $"'{name}' is neither a field of {_fields.Kind} events nor a register{also}{NearestName.Question(name, _fields.Names)}");
    }

    private Expression Number(Expression expression) => !expression.IsCondition ? expression : throw new ExpressionException(
        Token.Position, "A number was expected here, not a condition; use parentheses, or 'and' and 'or'.");

    private Expression Condition(Expression expression) => expression.IsCondition ? expression : throw new ExpressionException(
        Token.Position, "A condition was expected here, not a number: compare it, as in '(newValue & 0x1000) != 0'.");

    private void Enter()
    {
        if (++_depth > Deepest) throw new ExpressionException(Token.Position, $"Parts lie more than {Deepest} deep in each other.");
    }

    private static bool IsKeyword(string name) => name is "and" or "or" or "not" or "in";

    private bool Is(string text) => Token.Kind is TokenKind.Operator or TokenKind.Name && Token.Text == text;

    private bool Takes(string text, string? other = null)
    {
        if (!Is(text) && (other is null || !Is(other))) return false;
        _next++;
        return true;
    }

    private ExpressionException Unexpected(string expected) => new(
        Token.Position,
        Token.Kind == TokenKind.End ? $"The expression ends where {expected} was expected." : $"{expected} was expected, not '{_text[Token.Position..Math.Min(_text.Length, Token.Position + Token.Text.Length)]}'.");
}
