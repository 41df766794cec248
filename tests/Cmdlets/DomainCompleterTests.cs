using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class DomainCompleterTests : CmdletTest
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
    [InlineData(typeof(GetXenMonitorCommand))]
    [InlineData(typeof(EnableXenMonitorCommand))]
    [InlineData(typeof(DisableXenMonitorCommand))]
    [InlineData(typeof(WatchXenMemAccessCommand))]
    [InlineData(typeof(WatchXenVmEventCommand))]
    [InlineData(typeof(SetXenVmEventResponseCommand))]
    public void Every_Domain_parameter_is_completed(Type cmdlet) =>
        Assert.Equal(typeof(DomainCompleter), cmdlet.GetProperty("Domain")?.GetCustomAttribute<ArgumentCompleterAttribute>()?.Type);

    private static CompletionResult[] Complete(string word) =>
        [.. new DomainCompleter().CompleteArgument("Get-XenDomain", "Domain", word, new CommandAst(), new Hashtable())];
}
