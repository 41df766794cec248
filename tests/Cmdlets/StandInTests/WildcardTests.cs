using System.Management.Automation;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests.StandInTests;

/// <summary>Wildcards match as PowerShell 7.6 matches them.</summary>
public sealed class WildcardTests
{
    private static readonly string[] Texts = ["a]", "a", "b", "bx", "!", "^", "*", "a[", "a`", "", "ax", "[a-"];

    [Theory]
    [InlineData("a]", "a]")]
    [InlineData("[]a]", "a")]
    [InlineData("[a-c]x", "bx ax")]
    [InlineData("`*", "*")]
    [InlineData("a`", "a`")]
    [InlineData("[!a]", "a !")]
    [InlineData("[^a]", "a ^")]
    [InlineData("A?", "a] a[ a` ax")]
    [InlineData("*x", "bx ax")]
    public void Patterns_match(string pattern, string expected) =>
        Assert.Equal(expected.Split(' ').Order(), Texts.Where(WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase).IsMatch).Order());

    [Theory]
    [InlineData("a[")]
    [InlineData("[a-")]
    [InlineData("[b-a]")]
    public void Patterns_that_are_none_throw(string pattern) =>
        Assert.All(Texts, t => Assert.Throws<WildcardPatternException>(() => WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase).IsMatch(t)));

    [Theory]
    [InlineData("a]", true)]
    [InlineData("a[", true)]
    [InlineData("a?", true)]
    [InlineData("a`*", false)]
    [InlineData("a", false)]
    public void Wildcards_are_told_from_names(string text, bool expected) => Assert.Equal(expected, WildcardPattern.ContainsWildcardCharacters(text));
}
