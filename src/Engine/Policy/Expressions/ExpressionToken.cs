using XenVmEvent.Events;

namespace XenVmEvent.Policy;

internal enum TokenKind
{
    Number,
    Name,
    Operator,
    End,
}

/// <summary>A word of an expression.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text.</param>
/// <param name="Position">Where it begins, from 0.</param>
/// <param name="Number">The value of a number.</param>
internal readonly record struct ExpressionToken(TokenKind Kind, string Text, int Position, ulong Number = 0)
{
    private static readonly string[] Operators = ["==", "!=", "<=", ">=", "<<", ">>", "&&", "||", "..", "<", ">", "&", "|", "^", "~", "!", "+", "-", "*", "(", ")", "[", "]", ","];

    /// <summary>Splits an expression into words.</summary>
    /// <exception cref="ExpressionException">Some character belongs to no word.</exception>
    public static List<ExpressionToken> Split(string text)
    {
        List<ExpressionToken> tokens = [];
        int at = 0;
        while (at < text.Length)
        {
            char first = text[at];
            if (char.IsWhiteSpace(first)) at++;
            else tokens.Add(char.IsAsciiDigit(first) ? ReadNumber(text, ref at) : IsOfName(first) ? ReadName(text, ref at) : ReadOperator(text, ref at));
        }

        tokens.Add(new ExpressionToken(TokenKind.End, "", text.Length));
        return tokens;
    }

    private static bool IsOfName(char character) => char.IsAsciiLetterOrDigit(character) || character is '_' or '$' or '@';

    private static ExpressionToken ReadNumber(string text, ref int at)
    {
        int start = at;
        while (at < text.Length && IsOfName(text[at])) at++;
        string word = text[start..at];
        return NumberText.TryParse(word.Replace("_", "", StringComparison.Ordinal), out ulong number)
            ? new ExpressionToken(TokenKind.Number, word, start, number)
            : throw new ExpressionException(start, $"'{word}' is not a number of 64 bits; write 0x1f or 31.");
    }

    private static ExpressionToken ReadName(string text, ref int at)
    {
        int start = at;

        // A symbol's name may contain single dots, as in name.isra.0; two dots are a range.
        while (at < text.Length && (IsOfName(text[at]) || (text[at] == '.' && at + 1 < text.Length && IsOfName(text[at + 1]) && text[at - 1] != '.'))) at++;
        return new ExpressionToken(TokenKind.Name, text[start..at], start);
    }

    private static ExpressionToken ReadOperator(string text, ref int at)
    {
        int start = at;
        string rest = text[at..Math.Min(text.Length, at + 2)];
        string? word = Array.Find(Operators, one => rest.StartsWith(one, StringComparison.Ordinal));
        if (word is null) throw new ExpressionException(start, rest[0] == '=' ? "'=' is no operator; '==' compares." : $"'{rest[0]}' belongs to no expression.");
        at += word.Length;
        return new ExpressionToken(TokenKind.Operator, word, start);
    }
}
