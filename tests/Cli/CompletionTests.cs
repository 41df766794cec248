using System.CommandLine;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>What a shell is told that can be written at the cursor.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("re|", "read receive report reset")]
    [InlineData("web01 altp2m_write|", "altp2m_write altp2m_write_no_gpt")]
    [InlineData("agent |", "check status")]
    [InlineData("agent st|", "status")]
    [InlineData("agent --set a=b |", "check status")]
    [InlineData("agent --set a=b --se|", "--set")]
    [InlineData("agent --config a --c|", "")]
    [InlineData("guar|", "")]
    [InlineData("web01 cpuid --fo|", "--follow --format")]
    [InlineData("web01 cpuid --format |", "json text")]
    [InlineData("web01 cpuid --format=j|", "--format=json")]
    [InlineData("read web01 0 --format |", "raw text")]
    [InlineData("web01 cpuid --channel |", "auto ring slotted")]
    [InlineData("web01 cpuid --response emulate|", "emulate emulate_no_write")]
    [InlineData("web01 cpuid --register rcx=5,rbx|", "rcx=5,rbx=")]
    [InlineData("web01 msr --msr 0x10,ia32_lst|", "0x10,IA32_LSTAR")]
    [InlineData("receive --event MemAccess,mov|", "MemAccess,MovToMsr")]
    [InlineData("web01 cpuid --first |", "")]
    [InlineData("web01 cpuid --output |", Completion.Files)]
    [InlineData("web01 cpuid --output=a|", Completion.Files)]
    [InlineData("receive --password-file |", Completion.Files)]
    [InlineData("check |", Completion.Files)]
    [InlineData("apply policy.yaml |", "")]
    [InlineData("report a.jsonl |", Completion.Files)]
    [InlineData("report a.jsonl b.html |", "")]
    [InlineData("@/etc/passwd brea|", "breakpoint")]
    [InlineData("web01 nonsense --nonsense |", "")]
    public void It_depends_on_what_is_before(string line, string expected)
    {
        string[] words = line.TrimEnd('|').Split(' ');
        Assert.Equal(expected, string.Join(' ', Completion.Of(XenVmEventCommand.Create(), words).Select(one => one.Word).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void All_commands_and_options_are_offered_with_their_meaning()
    {
        foreach ((string words, Command command) in Packaged.Commands())
        {
            string[] called = words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Empty(Packaged.Options(command).Select(option => (option.Name, option.Description!)).Except(Completion.Of(XenVmEventCommand.Create(), [.. called, "-"])));
            Assert.Equal(
                command.Subcommands.Where(one => !one.Hidden).Select(one => (one.Name, one.Description!)),
                Completion.Of(XenVmEventCommand.Create(), [.. called, ""]).Where(one => one.Word != Completion.Files));
        }
    }

    [Fact]
    public void Every_offered_value_is_accepted()
    {
        int values = 0;
        foreach ((string words, Command command) in Packaged.Commands())
        {
            string[] called = words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            foreach (string option in Packaged.Options(command).Where(option => option.Arity.MinimumNumberOfValues > 0).Select(option => option.Name))
            {
                foreach ((string value, _) in Completion.Of(XenVmEventCommand.Create(), [.. called, option, ""]).Where(one => one.Word != Completion.Files))
                {
                    ParseResult parsed = XenVmEventCommand.Create().Parse([.. called, option, value.EndsWith('=') ? $"{value}1" : value]);
                    Assert.Empty(parsed.GetResult(option)!.Errors);
                    values++;
                }
            }
        }

        Assert.InRange(values, 60, 1000);
    }
}
