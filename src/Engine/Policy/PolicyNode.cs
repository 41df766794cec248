namespace XenVmEvent.Policy;

/// <summary>
/// A part of a policy's file as it was read: a word, a list or a map, and where it begins. Whoever reads a format makes
/// these; <see cref="PolicyReader"/> gives them a meaning.
/// </summary>
public sealed class PolicyNode
{
    private PolicyNode(PolicyNodeKind kind, string text, IReadOnlyList<PolicyNode> items, IReadOnlyList<KeyValuePair<PolicyNode, PolicyNode>> entries, int line, int column)
    {
        Kind = kind;
        Text = text;
        Items = items;
        Entries = entries;
        Line = line;
        Column = column;
    }

    /// <summary>What it is.</summary>
    public PolicyNodeKind Kind { get; }

    /// <summary>The text of a word; empty for others.</summary>
    public string Text { get; }

    /// <summary>The items of a list.</summary>
    public IReadOnlyList<PolicyNode> Items { get; }

    /// <summary>The entries of a map, in order; a key may come twice.</summary>
    public IReadOnlyList<KeyValuePair<PolicyNode, PolicyNode>> Entries { get; }

    /// <summary>The line where it begins, from 1.</summary>
    public int Line { get; }

    /// <summary>The column where it begins, from 1.</summary>
    public int Column { get; }

    /// <summary>Makes a word.</summary>
    public static PolicyNode Word(string text, int line, int column) => new(PolicyNodeKind.Word, text, [], [], line, column);

    /// <summary>Makes a list.</summary>
    public static PolicyNode List(IReadOnlyList<PolicyNode> items, int line, int column) => new(PolicyNodeKind.List, "", items, [], line, column);

    /// <summary>Makes a map.</summary>
    public static PolicyNode Map(IReadOnlyList<KeyValuePair<PolicyNode, PolicyNode>> entries, int line, int column) =>
        new(PolicyNodeKind.Map, "", [], entries, line, column);
}

/// <summary>What a part of a policy's file is.</summary>
public enum PolicyNodeKind
{
    /// <summary>A word, a number or a text.</summary>
    Word,

    /// <summary>A list.</summary>
    List,

    /// <summary>Keys with values.</summary>
    Map,
}

/// <summary>Something in a policy's file that is wrong.</summary>
/// <param name="line">The line, from 1.</param>
/// <param name="column">The column, from 1.</param>
/// <param name="message">What is wrong, and what was expected: a whole sentence.</param>
public sealed class PolicyProblem(int line, int column, string message)
{
    /// <summary>The line, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>The column, from 1.</summary>
    public int Column { get; } = column;

    /// <summary>What is wrong, and what was expected: a whole sentence.</summary>
    public string Message { get; } = message;

    /// <inheritdoc/>
    public override string ToString() => $"line {Line}, column {Column}: {Message}";
}
