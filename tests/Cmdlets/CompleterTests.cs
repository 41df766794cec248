using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;
using XenVmEvent.Cmdlets.Tests.StandIn;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class CompleterTests : CmdletTest
{
    [Theory]
    [InlineData("", "web01 db01")]
    [InlineData("w", "web01")]
    [InlineData("DB", "db01")]
    [InlineData("'we", "web01")]
    [InlineData("x", "")]
    public void Names_of_guests_are_completed(string word, string expected) =>
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), Complete(word).Select(c => c.CompletionText));

    [Fact]
    public void A_completion_says_what_the_domain_is()
    {
        CompletionResult result = Assert.Single(Complete("web"));
        Assert.Equal(("web01", CompletionResultType.ParameterValue), (result.ListItemText, result.ResultType));
        Assert.Equal("web01 (id 1), Hvm, 2 vCPUs", result.ToolTip);
    }

    [Fact]
    public void Names_are_quoted_where_needed()
    {
        Use(new SimulationOptions { Domains = [new() { Id = 1, Name = "bob's guest" }, new() { Id = 2, Name = "a-b_c.d" }] });
        Assert.Equal(["'bob''s guest'", "a-b_c.d"], Complete("").Select(c => c.CompletionText));
    }

    [Fact]
    public void Without_a_host_there_is_nothing_to_complete()
    {
        if (File.Exists("/proc/xen/capabilities")) return; // This machine has Xen.
        XenHost.Disconnect();
        Assert.Empty(Complete(""));
    }

    [Theory]
    [InlineData(typeof(GetXenDomainCommand))]
    [InlineData(typeof(EnableXenMonitorCommand))]
    [InlineData(typeof(WatchXenMemAccessCommand))]
    [InlineData(typeof(WatchXenVmEventCommand))]
    [InlineData(typeof(SetXenVmEventResponseCommand))]
    public void Every_Domain_parameter_is_completed(Type cmdlet) => Assert.Equal(typeof(DomainCompleter), CompleterOf(cmdlet));

    [Theory]
    [InlineData(typeof(GetXenMonitorCommand))]
    [InlineData(typeof(DisableXenMonitorCommand))]
    public void Of_sessions_only_those_that_there_are(Type cmdlet)
    {
        Assert.Equal(typeof(SessionCompleter), CompleterOf(cmdlet));
        Assert.Empty(new SessionCompleter().CompleteArgument("", "Domain", "", new CommandAst(), new Hashtable()));
        Pipeline.Of<EnableXenMonitorCommand>("db01").Run();
        Assert.Equal(["db01"], new SessionCompleter().CompleteArgument("", "Domain", "", new CommandAst(), new Hashtable()).Select(c => c.CompletionText));
    }

    [Theory]
    [InlineData("IA32_LST", "IA32_LSTAR")]
    [InlineData("lst", "IA32_LSTAR")]
    [InlineData("HV_X64_MSR_H", "HV_X64_MSR_HYPERCALL")]
    public void Model_specific_registers_are_completed_by_name(string word, string name) =>
        Assert.Equal([name], new MsrCompleter().CompleteArgument("", "Msr", word, new CommandAst(), new Hashtable()).Select(c => c.CompletionText));

    [Fact]
    public void Registers_of_an_answer_are_completed_as_a_table() =>
        Assert.Equal(["@{ Rsp = 0 }", "@{ Rsi = 0 }"], new RegisterCompleter()
            .CompleteArgument("", "Register", "@{ rs", new CommandAst(), new Hashtable()).Select(c => c.CompletionText));

    private static Type? CompleterOf(Type cmdlet) => cmdlet.GetProperty("Domain")?.GetCustomAttribute<ArgumentCompleterAttribute>()?.Type;

    private static CompletionResult[] Complete(string word) =>
        [.. new DomainCompleter().CompleteArgument("Get-XenDomain", "Domain", word, new CommandAst(), new Hashtable())];
}
