using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>The manual pages tell of everything that the command line has, and of nothing else.</summary>
public sealed partial class ManualTests
{
    /// <summary>Where the options of a watch are, and those of other commands.</summary>
    private const string WatchSection = "Options of a watch";

    public static TheoryData<string> Pages => new("xenvmevent.1", "xenvmevent-agent.8", "xenvmevent-agent.yaml.5");

    [Fact]
    public void Each_command_is_there_with_its_options_and_no_other()
    {
        string[] sections = Sections("xenvmevent.1");
        foreach ((string words, System.CommandLine.Command command) in Packaged.Commands())
        {
            string title = words.Length == 0 ? WatchSection : string.Join(' ', [words, .. command.Arguments.Select(Written)]);
            string section = Assert.Single(sections, one => one.StartsWith($"{title}\n", StringComparison.Ordinal));
            IEnumerable<string> usual = words.Length == 0 ? ["--help", "--version"] : [];
            Assert.Equal([.. usual.Concat(Packaged.Options(command).SelectMany(Names)).Order()], Flags(section));
        }

        IEnumerable<string> others = sections.Select(one => one.Split('\n')[0]).Where(one => one is not (WatchSection or "Modes"));
        Assert.Equal(Packaged.Commands().Count() - 1, others.Count());

        static string Written(System.CommandLine.Argument argument) => argument.Arity.MinimumNumberOfValues > 0 ? $"Ar {argument.Name}" : $"Op Ar {argument.Name}";
    }

    [Fact]
    public void Each_mode_is_there_with_its_meaning()
    {
        string[] items = Assert.Single(Sections("xenvmevent.1"), one => one.StartsWith("Modes\n", StringComparison.Ordinal)).Split(".It Cm ")[1..];
        Assert.Equal(WatchMode.All.Select(mode => mode.Name), items.Select(item => item.Split('\n')[0]));
        foreach ((WatchMode mode, string item) in WatchMode.All.Zip(items))
            Assert.Equal(mode.Description, string.Join(' ', item.Replace(".Fl -", "--", StringComparison.Ordinal).Split('\n')[1..].TakeWhile(line => line.Length > 0 && line != ".El")));
    }

    [Fact]
    public void The_page_of_the_agent_has_its_options()
    {
        IEnumerable<string> options = Packaged.Commands().Where(one => one.Words.StartsWith("agent", StringComparison.Ordinal)).SelectMany(one => Packaged.Options(one.Command)).SelectMany(Names);
        string page = File.ReadAllText(Packaged.File("man/xenvmevent-agent.8"));
        Assert.Equal([.. options.Distinct().Order()], Flags(page));
        Assert.Equal([.. options.Distinct().Order()], Flags(page[page.IndexOf(".Bl", StringComparison.Ordinal)..]));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Pages_render_without_a_warning(string page)
    {
        string file = Packaged.File($"man/{page}");
        Assert.Equal("", Complaints("mandoc", "-Tlint", "-Wwarning", file));
        Assert.Equal("", Complaints("groff", "-ww", "-mandoc", "-Tutf8", "-z", file));
    }

    private static string[] Sections(string page) => Regex.Split(File.ReadAllText(Packaged.File($"man/{page}")), @"^\.S[hs] ", RegexOptions.Multiline)[1..]
        .Where(one => !Regex.IsMatch(one.Split('\n')[0], "^[A-Z ]+$")).ToArray();

    private static IEnumerable<string> Names(System.CommandLine.Option option) =>
        [option.Name, .. option.Aliases.Where(alias => alias.StartsWith('-') && !alias.StartsWith("--", StringComparison.Ordinal))];

    private static string[] Flags(string text) => [.. Flag().Matches(text).Select(flag => $"-{flag.Groups[1].Value}").Distinct().Order()];

    private static string Complaints(string program, params string[] arguments)
    {
        string? file = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(file is null, $"{program} is not installed (Debian: apt install mandoc groff-base).");
        using Process process = Process.Start(new ProcessStartInfo(file!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return $"{said}{errors.Result}";
    }

    [GeneratedRegex(@"\bFl (-?[a-z][a-z-]*)")]
    private static partial Regex Flag();
}
