using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>The pages in docs/cmdlets say what the cmdlets are. What PlatyPS and Get-Help make of them is in tests/Pester.</summary>
public sealed class HelpPageTests
{
    private static readonly IReadOnlyList<HelpPage> Pages = HelpPage.ReadAll();

    private static readonly string[] Cmdlets =
        [.. typeof(XenCmdlet).Assembly.GetTypes().Where(t => t.Namespace == typeof(XenCmdlet).Namespace && t.IsDefined(typeof(CmdletAttribute))).Select(NameOf).Order(StringComparer.Ordinal)];

    public static TheoryData<string> Names => [.. Cmdlets];

    [Fact]
    public void Every_cmdlet_has_a_page_and_every_page_a_cmdlet() =>
        Assert.Equal(Cmdlets, Pages.Select(p => p.Name));

    [Theory, MemberData(nameof(Names))]
    public void A_page_has_words_and_three_examples(string name)
    {
        HelpPage page = PageOf(name);
        foreach (string heading in (string[])["SYNOPSIS", "DESCRIPTION", "OUTPUTS"]) Assert.NotEmpty(page.Section(heading));
        Assert.True(page.Examples >= 3, $"{name} has {page.Examples} examples.");
    }

    [Theory, MemberData(nameof(Names))]
    public void A_page_has_the_parameters_of_its_cmdlet(string name)
    {
        Type cmdlet = TypeOf(name);
        IEnumerable<string> common = cmdlet.GetCustomAttribute<CmdletAttribute>()!.SupportsShouldProcess ? ["Confirm", "WhatIf"] : [];
        string[] own = [.. ParametersOf(cmdlet).Select(p => p.Name).Concat(common).Order(StringComparer.OrdinalIgnoreCase)];
        Assert.Equal(own, PageOf(name).Parameters.Select(p => p.Name).Order(StringComparer.OrdinalIgnoreCase));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_page_tells_of_each_parameter_what_it_is(string name)
    {
        Type cmdlet = TypeOf(name);
        object fresh = Activator.CreateInstance(cmdlet)!;
        object other = Activator.CreateInstance(cmdlet)!;
        foreach (PropertyInfo parameter in ParametersOf(cmdlet))
        {
            HelpPageParameter told = PageOf(name).Parameters.Single(p => p.Name == parameter.Name);
            Assert.NotEmpty(told.Words);
            Assert.Equal($"{parameter.PropertyType}", told.Type);
            Assert.Equal((parameter.GetCustomAttribute<AliasAttribute>()?.AliasNames ?? []).Order(), told.Aliases.Order());
            Assert.Equal(AcceptedBy(parameter.PropertyType), told.AcceptedValues);
            Assert.Equal(SetsOf(parameter).Order(), told.Sets.Order());

            // What is another each time, as an identifier that is made, is not told.
            string[] defaults = DefaultsOf(parameter, fresh);
            Assert.Contains(told.Default, defaults.SequenceEqual(DefaultsOf(parameter, other)) ? defaults : [""]);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_page_tells_what_comes_out(string name)
    {
        IEnumerable<string> types = TypeOf(name).GetCustomAttributes<OutputTypeAttribute>().SelectMany(o => o.Type).Select(t => t.Name);
        Assert.Equal(types.Select(t => t == "System.Void" ? "None" : t), PageOf(name).Outputs);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_page_has_links_that_lead_somewhere_and_no_place_left_to_fill(string name)
    {
        HelpPage page = PageOf(name);
        Assert.NotEmpty(page.Links);
        Assert.All(page.Links, link => Assert.True(File.Exists(Path.Combine(BuiltModule.Root, "docs", "cmdlets", link)), link));
        Assert.False(page.HasPlaceholder);
    }

    /// <summary>What PlatyPS made of a page can be older than the page.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Get_Help_describes_a_cmdlet_as_its_page_does(string name)
    {
        XNamespace maml = "http://schemas.microsoft.com/maml/2004/10";
        XElement help = XDocument.Load(Path.Combine(BuiltModule.Root, "en-US", "XenVmEvent.PS.dll-Help.xml"))
            .Descendants().Single(one => one.Name.LocalName == "command" && one.Descendants().First(inner => inner.Name.LocalName == "name").Value.Trim() == name);
        Assert.Equal(WordsOf(PageOf(name).Section("DESCRIPTION")), WordsOf(string.Join('\n', help.Element(maml + "description")!.Elements().Select(one => one.Value))));
    }

    /// <summary>The words alone: links without where they lead.</summary>
    private static IEnumerable<string> WordsOf(string text) =>
        Regex.Matches(Regex.Replace(text, @"\]\([^)]*\)", ""), @"\w+").Select(one => one.Value);

    private static HelpPage PageOf(string name) => Pages.Single(p => p.Name == name);

    private static Type TypeOf(string name) =>
        typeof(XenCmdlet).Assembly.GetTypes().Single(t => t.IsDefined(typeof(CmdletAttribute)) && t.Namespace == typeof(XenCmdlet).Namespace && NameOf(t) == name);

    private static string NameOf(Type cmdlet) =>
        cmdlet.GetCustomAttribute<CmdletAttribute>() is { } attribute ? $"{attribute.VerbName}-{attribute.NounName}" : "";

    private static IEnumerable<PropertyInfo> ParametersOf(Type cmdlet) =>
        cmdlet.GetProperties().Where(p => p.IsDefined(typeof(ParameterAttribute)));

    private static string[] AcceptedBy(Type type)
    {
        Type one = type.IsArray ? type.GetElementType()! : type;
        return one.IsEnum ? Enum.GetNames(one) : [];
    }

    private static IEnumerable<string> SetsOf(PropertyInfo parameter) => parameter.GetCustomAttributes<ParameterAttribute>().Select(a => string.Join(
        ", ",
        a.ParameterSetName == ParameterAttribute.AllParameterSets ? "(All)" : a.ParameterSetName,
        a.Position == int.MinValue ? "Named" : a.Position.ToString(CultureInfo.InvariantCulture),
        Lower(a.Mandatory),
        Lower(a.ValueFromPipeline),
        Lower(a.ValueFromPipelineByPropertyName)));

    private static string Lower(bool value) => value ? "true" : "false";

    /// <summary>What a page may tell of the default: nothing for what stands for none; a zero may stand for it too.</summary>
    private static string[] DefaultsOf(PropertyInfo parameter, object fresh)
    {
        if (parameter.PropertyType == typeof(SwitchParameter)) return ["False"];
        if (parameter.GetCustomAttributes<ParameterAttribute>().Any(a => a.Mandatory)) return [""];
        object? value = parameter.GetValue(fresh);
        return value switch
        {
            null or long.MaxValue => [""],
            TimeSpan time when time == Timeout.InfiniteTimeSpan => [""],
            string text => [text],
            IEnumerable list => [string.Join(", ", list.Cast<object>())],
            _ when value.Equals(Activator.CreateInstance(value.GetType())) => ["", string.Create(CultureInfo.InvariantCulture, $"{value}")],
            _ => [string.Create(CultureInfo.InvariantCulture, $"{value}")],
        };
    }
}
