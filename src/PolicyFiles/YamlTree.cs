using XenVmEvent.Policy;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace XenVmEvent.PolicyFiles;

/// <summary>
/// Reads one YAML document, or JSON, which is YAML too, as a tree of nodes. Anchors, aliases and tags are refused: nobody
/// needs them here, and without them no text can become larger than it is.
/// </summary>
internal sealed class YamlTree
{
    private const int Deepest = 32;
    private const int MostNodes = 100_000;

    private readonly Parser _parser;
    private readonly string? _source;
    private int _nodes;

    private YamlTree(string text, string? source)
    {
        _parser = new Parser(new StringReader(text));
        _source = source;
    }

    /// <param name="text">The text.</param>
    /// <param name="source">What the nodes say they were read from; null for nothing.</param>
    /// <exception cref="PolicyProblemException">It is not one plain document of YAML.</exception>
    public static PolicyNode Read(string text, string? source = null)
    {
        YamlTree tree = new(text, source);
        try
        {
            return tree.ReadDocument();
        }
        catch (YamlException e)
        {
            throw tree.Problem(e.Start, $"This is not YAML: {FirstSentence(e.InnerException?.Message ?? e.Message)}");
        }
        catch (Exception e) when (e is not PolicyProblemException)
        {
            throw new PolicyProblemException(new PolicyProblem(1, 1, $"This is not YAML: {FirstSentence(e.Message)}", source));
        }
    }

    private PolicyNode ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out StreamEnd? end)) throw Problem(end.Start, "The file is empty.");
        _parser.Consume<DocumentStart>();
        PolicyNode root = ReadNode(0);
        _parser.Consume<DocumentEnd>();
        return _parser.Accept<StreamEnd>(out _) ? root : throw Problem(_parser.Current!.Start, "A file has one document: a second document begins here.");
    }

    private PolicyNode ReadNode(int depth)
    {
        ParsingEvent next = _parser.Current!;
        if (depth > Deepest) throw Problem(next.Start, $"Maps and lists lie more than {Deepest} deep in each other.");
        if (++_nodes > MostNodes) throw Problem(next.Start, $"The file has more than {MostNodes} words.");
        if (next is AnchorAlias || next is NodeEvent { Anchor.IsEmpty: false }) throw Problem(next.Start, "There are no anchors and aliases here: '&' and '*' begin one, so put such a word in quotes.");
        if (next is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } }) throw Problem(next.Start, "There are no tags here: '!' begins one, so put such a word in quotes.");
        int line = (int)next.Start.Line;
        int column = (int)next.Start.Column;
        switch (next)
        {
            case Scalar scalar:
                _parser.MoveNext();
                bool isQuoted = scalar.Style is ScalarStyle.SingleQuoted or ScalarStyle.DoubleQuoted;
                return PolicyNode.Word(scalar.Value, line, isQuoted ? column + 1 : column, _source);
            case SequenceStart:
                _parser.MoveNext();
                List<PolicyNode> items = [];
                while (!_parser.TryConsume<SequenceEnd>(out _)) items.Add(ReadNode(depth + 1));
                return PolicyNode.List(items, line, column, _source);
            case MappingStart:
                _parser.MoveNext();
                List<KeyValuePair<PolicyNode, PolicyNode>> entries = [];
                while (!_parser.TryConsume<MappingEnd>(out _)) entries.Add(new(ReadNode(depth + 1), ReadNode(depth + 1)));
                return PolicyNode.Map(entries, line, column, _source);
            default:
                throw Problem(next.Start, "A word, a list or a map was expected.");
        }
    }

    private PolicyProblemException Problem(Mark mark, string message) =>
        new(new PolicyProblem(Math.Max(1, (int)mark.Line), Math.Max(1, (int)mark.Column), message, _source));

    private static string FirstSentence(string message) => message.Split('\n')[0].TrimEnd('.', ' ', '\r') + ".";
}

/// <summary>A file cannot be read as a tree.</summary>
internal sealed class PolicyProblemException(PolicyProblem problem) : Exception(problem.Message)
{
    public PolicyProblem Problem { get; } = problem;
}
