using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;
using Xunit;

namespace XenVmEvent.Tests.Policy;

/// <summary>What a policy's file says, and what is wrong with one.</summary>
public sealed class PolicyFileTests
{
    [Fact]
    public void A_policy_has_all_that_its_file_says()
    {
        VmEventPolicy policy = Policies.Parse(
            """
            # A comment.
            version: 1
            name: linux-kernel
            mode: monitor
            domains: [web*, db01]
            limits: {eventsPerSecond: 5000, holdTime: 50ms}
            rules:
            - {name: lstar, event: MovToMsr, msr: [IA32_LSTAR, 0x175], onChange: true, after: 30s, answer: deny, severity: critical, message: LSTAR is set once.}
            - {name: cr3, event: WriteControlRegister, register: CR3, async: true, report: sample 1/100}
            - name: text
              event: MemAccess
              access: [write, execute]
              gfn: [0x400-0x4ff, 0x600]
              repeat: true
              answer: emulateNoWrite
              report: at most 10/s
            - {name: smep-off, event: WriteControlRegister, register: CR4, when: oldValue & 0x100000 != 0 && newValue & 0x100000 == 0, answer: deny}
            - {name: hide, event: Cpuid, when: leaf == 1, set: {rcx: rcx & 0x7fffffff, rbx: 7}, report: none}
            """);
        Assert.Equal(("linux-kernel", PolicyMode.Monitor), (policy.Name, policy.Mode));
        Assert.Equal(["web*", "db01"], policy.Domains);
        Assert.Equal(new PolicyLimits(5000, TimeSpan.FromMilliseconds(50)), policy.Limits);
        Assert.Equal(["lstar", "cr3", "text", "smep-off", "hide"], policy.Rules.Select(rule => rule.Name));
        EventRule lstar = policy.Rules[0];
        Assert.Equal((RuleSeverity.Critical, "LSTAR is set once.", TimeSpan.FromSeconds(30)), (lstar.Severity, lstar.Message, lstar.After));
        Assert.Equal(VmEventResponse.Deny, lstar.Answer);
        Assert.Equal([0xc000_0082, 0x175], lstar.Watch.Msrs);
        Assert.True(lstar.Watch.OnChangeOnly);
        Assert.Equal((100, true), (policy.Rules[1].Report.Every, policy.Rules[1].Watch.Async));
        EventRule text = policy.Rules[2];
        Assert.Equal((PageAccess.Write | PageAccess.Execute, true, 10), (text.Watch.Pages!.Access, text.Watch.Pages.Repeat, text.Report.MostPerSecond));
        Assert.Equal([new GfnRange(0x400, 0x4ff), new GfnRange(0x600)], text.Watch.Pages.Ranges);
        EventRule hide = policy.Rules[4];
        Assert.Equal((0, 7UL, SettableRegister.Rcx), (hide.Report.Every, hide.Answer!.Registers[SettableRegister.Rbx], Assert.Single(hide.ComputedRegisters).Register));
    }

    [Fact]
    public void Json_is_read_too()
    {
        VmEventPolicy policy = Policies.Parse(
            "{\n\t\"version\": 1,\n\t\"name\": \"j\",\n\t\"domains\": [\"*\"],\n\t\"rules\": [ {\"name\": \"a\", \"event\": \"Cpuid\", \"when\": \"leaf in [1, 2]\"} ]\n}\n");
        Assert.Equal("a", Assert.Single(policy.Rules).Name);
    }

    [Theory]
    [InlineData("name: a, event: Cpuid, when: laef == 1", 30, "did you mean 'leaf'?")]
    [InlineData("name: a, event: Cpuid, whne: leaf == 1", 24, "did you mean 'when'?")]
    [InlineData("name: a, event: Cpiud", 17, "Did you mean 'Cpuid'?")]
    [InlineData("name: a, event: Cpuid, answer: deny", 32, "Deny")]
    [InlineData("name: a, event: Cpuid, answer: refuse", 32, "'answer' is one of continue, reinject, skip, emulate, emulateNoWrite, deny")]
    [InlineData("name: a, event: Cpuid, msr: IA32_LSTAR", 24, "it is for MovToMsr events")]
    [InlineData("name: a, event: MovToMsr", 1, "'msr' is missing")]
    [InlineData("name: a, event: MovToMsr, msr: IA32_LSTRA", 32, "did you mean 'IA32_LSTAR'?")]
    [InlineData("name: a, event: WriteControlRegister", 1, "'register' is missing")]
    [InlineData("name: a, event: MemAccess", 1, "'access' is missing")]
    [InlineData("name: a, event: MemAccess, access: write, gfn: 0x500-0x400", 48, "not a range of guest frame numbers")]
    [InlineData("name: a, event: GuestRequest, async: true, answer: continue, set: {rax: 1}", 52, "does not wait")]
    [InlineData("name: a, event: Cpuid, report: sometimes", 32, "'report' is all, none")]
    [InlineData("name: a, event: Cpuid, report: sample 1/0", 32, "'report' is all, none")]
    [InlineData("name: a, event: Cpuid, severity: high", 34, "'severity' is one of info, notice, warning, critical")]
    [InlineData("name: a, event: Cpuid, after: soon", 31, "'after' is a time")]
    [InlineData("name: a, event: Cpuid, set: {eax: 1}", 30, "Did you mean 'rax'?")]
    [InlineData("name: a, event: Cpuid, set: {rax: leaf == 1}", 35, "a condition, not a number")]
    [InlineData("name: a, event: Cpuid, symbol: do_it", 32, "needs the policy's 'symbols'")]
    [InlineData("name: a, event: Cpuid, instructionPointer: _stext.._etext", 44, "'_stext' is a symbol")]
    [InlineData("name: a, name: b, event: Cpuid", 10, "'name' comes twice")]
    [InlineData("event: Cpuid", 1, "'name' is missing")]
    [InlineData("name: a", 1, "'event' is missing")]
    [InlineData("name: [a], event: Cpuid", 7, "'name' is a text")]
    [InlineData("name: !!python/x a, event: Cpuid", 7, "no tags")]
    public void A_wrong_rule_is_refused_where_it_is_wrong(string rule, int column, string message)
    {
        PolicyProblem problem = Policies.Problems($"{Policies.Header}- {{{rule}}}\n")[0];
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        // What is missing is missing in the map, whose brace is before its first key.
        Assert.Equal((5, column == 1 ? "- {".Length : column + "- {".Length), (problem.Line, problem.Column));
    }

    [Theory]
    [InlineData("", "The file is empty")]
    [InlineData("just text", "A policy is a map")]
    [InlineData("version: 2\nname: a\ndomains: [a]\nrules: [{name: a, event: Cpuid}]\n", "'version' is 1")]
    [InlineData("name: a\ndomains: [a]\nrules: [{name: a, event: Cpuid}]\n", "'version' is missing")]
    [InlineData("version: 1\nname: a\nrules: [{name: a, event: Cpuid}]\n", "'domains' is missing")]
    [InlineData("version: 1\nname: a\ndomains: [a]\n", "'rules' is a list")]
    [InlineData("version: 1\nname: a\ndomains: [a]\nrules: []\n", "'rules' is a list")]
    [InlineData("version: 1\nname: a\ndomains: [a]\nrules: [text]\n", "A rule is a map")]
    [InlineData("version: 1\nname: a\ndomains: [a]\nmood: enforce\nrules: [{name: a, event: Cpuid}]\n", "did you mean 'mode'?")]
    [InlineData("version: 1\nname: a\ndomains: [a]\nlimits: {eventsPerSecond: many}\nrules: [{name: a, event: Cpuid}]\n", "'eventsPerSecond' is a number")]
    [InlineData("version: 1\nname: a\ndomains: [a]\nsymbols: x.map\nrules: [{name: a, event: Cpuid}]\n", "No x.map.")]
    [InlineData("version: 1\nname: a\ndomains: [a]\nrules:\n- {name: a, event: Cpuid}\n- {name: a, event: Io}\n", "Another rule is called 'a' too")]
    [InlineData("version: 1\n---\nversion: 1\n", "second document")]
    [InlineData("version: 1\nname: [a\n", "This is not YAML")]
    [InlineData("a: *b\n", "no anchors")]
    public void A_wrong_file_is_refused(string text, string message) =>
        Assert.Contains(Policies.Problems(text), problem => problem.Message.Contains(message, StringComparison.Ordinal));

    [Fact]
    public void One_look_finds_all_problems() => Assert.Equal(
        [(5, "Cpuid"), (6, "event"), (7, "severity"), (7, "report")],
        Policies.Problems(Policies.Of("{name: a, event: Cpuid, whne: leaf == 1}", "{name: b, event: Cpiud}", "{name: c, event: Cpuid, severity: high, report: some}"))
            .Select(one => (one.Line, one.Line == 5 ? "Cpuid" : one.Message.Split('\'')[1])));
}
