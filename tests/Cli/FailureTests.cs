using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>What cannot be done: exit code 1, and one line that says what failed and what to do.</summary>
public class FailureTests
{
    [Theory]
    [InlineData("nosuch cpuid --simulate", "DomainNotFound: There is no domain 'nosuch'. The domains here are Domain-0 (id 0), web01 (id 1), db01 (id 2).")]
    [InlineData("0 cpuid --simulate", "DomainNotSupported: The domain Domain-0 (id 0) cannot be monitored")]
    [InlineData("web01 write --simulate --gfn 0xfffffff", "0xfffffff")]
    [InlineData("web01 msr --simulate --msr 0x12345678", "0x12345678")]
    [InlineData("web01 cpuid --simulate --response deny", "Deny makes no sense for a Cpuid event")]
    [InlineData("web01 write_ctrlreg_cr4 --simulate --register rax=1", "have to name Rip")]
    [InlineData("web01 cpuid --simulate --register pc=1", "Pc is no register that Xen sets on X86")]
    [InlineData("a-domain-that-nobody-has cpuid", "")]
    public void One_line_says_what_failed(string arguments, string what)
    {
        CommandResult result = CommandProcess.Run(arguments.Split(' '));
        Assert.Equal(1, result.ExitCode);
        Assert.Empty(result.Output);
        string error = Assert.Single(result.Errors);
        Assert.StartsWith("xenvmevent: ", error, StringComparison.Ordinal);
        Assert.Contains(what, error, StringComparison.Ordinal);
    }
}
