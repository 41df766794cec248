namespace XenVmEvent.Policy;

/// <summary>
/// A part of a policy's file as it was read: a word, a list or a map, and where it begins. Whoever reads a format makes
/// these; <see cref="PolicyReader"/> gives them a meaning.
/// </summary>
public sealed class PolicyNode
{
    private PolicyNode(PolicyNodeKind kind, string text, IReadOnlyList<PolicyNode> items, IReadOnlyList<KeyValuePair<PolicyNode, PolicyNode>> entries, int line, int column, string? source)
    {
        Kind = kind;
        Text = text;
        Items = items;
        Entries = entries;
        Line = line;
        Column = column;
        Source = source;
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

    /// <summary>What it was read from, for a tree that comes from several files; null if there is only one.</summary>
    public string? Source { get; }

    /// <summary>Makes a word.</summary>
    public static PolicyNode Word(string text, int line, int column, string? source = null) => new(PolicyNodeKind.Word, text, [], [], line, column, source);

    /// <summary>Makes a list.</summary>
    public static PolicyNode List(IReadOnlyList<PolicyNode> items, int line, int column, string? source = null) =>
        new(PolicyNodeKind.List, "", items, [], line, column, source);

    /// <summary>Makes a map.</summary>
    public static PolicyNode Map(IReadOnlyList<KeyValuePair<PolicyNode, PolicyNode>> entries, int line, int column, string? source = null) =>
        new(PolicyNodeKind.Map, "", [], entries, line, column, source);
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
/// <param name="source">What it was read from, if that may be one of several files; null otherwise.</param>
public sealed class PolicyProblem(int line, int column, string message, string? source = null)
{
    /// <summary>The line, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>The column, from 1.</summary>
    public int Column { get; } = column;

    /// <summary>What is wrong, and what was expected: a whole sentence.</summary>
    public string Message { get; } = message;

    /// <summary>What it was read from, if that may be one of several files; null otherwise.</summary>
    public string? Source { get; } = source;

    /// <inheritdoc/>
    public override string ToString() => $"line {Line}, column {Column}: {Message}";
}
