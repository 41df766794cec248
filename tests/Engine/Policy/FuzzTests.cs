using System.Text;
using XenVmEvent.Policy;
using XenVmEvent.PolicyFiles;
using Xunit;

namespace XenVmEvent.Tests.Policy;

/// <summary>Whatever somebody writes, a policy is read or refused with a line, soon, and nothing else happens.</summary>
public sealed class FuzzTests
{
    private static readonly string Good = Policies.Of(
        "{name: lstar, event: MovToMsr, msr: [IA32_LSTAR, 0x175], onChange: true, after: 30s, answer: deny, severity: critical}",
        "{name: cr3, event: WriteControlRegister, register: CR3, when: (newValue & 0xfff) == 1 or newValue in [1, 2..7], report: sample 1/100}",
        "{name: text, event: MemAccess, access: [write, execute], gfn: 0x400-0x4ff, repeat: true, answer: emulateNoWrite}",
        "{name: hide, event: Cpuid, when: leaf == 1, set: {rcx: rcx & 0x7fffffff, rbx: 7}, report: at most 3/s}");

    private static readonly string[] Pieces =
    [
        "- ", ": ", "{", "}", "[", "]", ",", "\n", "  ", "&a", "*a", "!!str", "'", "\"", "|", ">", "#", "---", "...", "%", "\t", "when", "rules", "answer", "deny",
        "0x", "1", "and", "not", "in", "..", "(", ")", "~", "<<", "\0", "\u2028", "é", "leaf", "newValue", "==", "<<: *a", "? ", "@", "`",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Changed_policies_are_read_or_refused(int seed) => Repeat(seed, 400, random => Mutate(Good, random));

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_texts_are_refused(int seed) => Repeat(seed, 400, RandomText);

    /// <summary>Together with the quick tests, 100,000.</summary>
    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData(5)]
    [InlineData(6)]
    public void Many_texts_are_read_or_refused(int seed) => Repeat(seed, 49_200, random => random.Next(2) == 0 ? Mutate(Good, random) : RandomText(random));

    [Fact]
    public void Depth_and_size_are_bounded()
    {
        AssertRefused(new string('[', 100_000), "deep");
        AssertRefused(string.Concat(Enumerable.Repeat("{a: ", 1000)), "deep");
        AssertRefused($"[{string.Join(',', Enumerable.Repeat("a", 200_000))}]", "words");
        AssertRefused($"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchors");
    }

    private static void Repeat(int seed, int count, Func<Random, string> text)
    {
        Random random = new(seed);
        for (int i = 0; i < count; i++) AssertReadOrRefused(text(random));
    }

    private static string RandomText(Random random)
    {
        StringBuilder text = new(random.Next(2) == 0 ? Policies.Header : "");
        for (int n = random.Next(60); n > 0; n--) text.Append(Pieces[random.Next(Pieces.Length)]);
        return text.ToString();
    }

    private static void AssertRefused(string text, string why)
    {
        Assert.Null(PolicyFile.Parse(text, _ => throw new InvalidOperationException(), out IReadOnlyList<PolicyProblem> problems));
        Assert.Contains(why, problems[0].Message, StringComparison.Ordinal);
    }

    private static void AssertReadOrRefused(string text)
    {
        try
        {
            VmEventPolicy? policy = PolicyFile.Parse(text, path => throw new XenException(XenErrorId.InvalidPolicy, path, ""), out IReadOnlyList<PolicyProblem> problems);
            Assert.Equal(policy is null, problems.Count > 0);
            Assert.All(problems, problem => Assert.True(problem is { Line: > 0, Column: > 0, Message.Length: > 0 }));
        }
        catch (Exception e)
        {
            Assert.Fail($"{e.GetType().Name} for:\n{text}\n{e}");
        }
    }

    private static string Mutate(string text, Random random)
    {
        StringBuilder changed = new(text);
        for (int n = random.Next(1, 6); n > 0; n--)
        {
            int at = random.Next(changed.Length);
            switch (random.Next(4))
            {
                case 0: changed.Remove(at, Math.Min(random.Next(1, 12), changed.Length - at)); break;
                case 1: changed.Insert(at, Pieces[random.Next(Pieces.Length)]); break;
                case 2: changed[at] = (char)random.Next(1, 0x250); break;
                default: changed.Insert(at, changed.ToString(at, Math.Min(random.Next(1, 40), changed.Length - at))); break;
            }
        }

        return changed.ToString();
    }
}
