using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class GetXenDomainTests : CmdletTest
{
    private static readonly string[] Guests = ["web01", "db01"];

    [Fact]
    public void All_are_listed_dom0_included() => Assert.Equal(["Domain-0", "web01", "db01"], Names(Pipeline.Of<GetXenDomainCommand>()));

    [Theory]
    [InlineData(1, "web01")]
    [InlineData("1", "web01")]
    [InlineData(2L, "db01")]
    [InlineData("db01", "db01")]
    [InlineData("*", "Domain-0 web01 db01")]
    [InlineData("W*", "web01")]
    [InlineData("?b01", "db01")]
    [InlineData("[c-e]b*", "db01")]
    [InlineData("nobody*", "")]
    public void Domains_are_found_by_id_name_and_wildcard(object selector, string expected) =>
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), Names(Pipeline.Of<GetXenDomainCommand>(selector)));

    [Fact]
    public void Domains_are_found_by_uuid_and_by_what_other_cmdlets_return()
    {
        XenDomain web = Host["web01"].Identity;
        VmEvent vmEvent = Assert.Single(Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1).Run().OutputOf<VmEvent>());
        object[] selectors = [web.Uuid, web.Uuid.ToString(), web, new PSObject(web), vmEvent, Enable("web01")];
        Assert.All(selectors, s => Assert.Equal(["web01"], Names(Pipeline.Of<GetXenDomainCommand>(s))));
        Assert.Equal(selectors.Select(_ => "web01"), Names(Pipeline.Of<GetXenDomainCommand>().From(selectors)));
    }

    [Fact]
    public void A_list_is_several()
    {
        Assert.Equal(Guests, Names(Pipeline.Of<GetXenDomainCommand>().With("Domain", Guests)));
        Assert.Equal(Guests, Names(Pipeline.Of<GetXenDomainCommand>().With("Name", new object[] { "web01", 2 })));
        Assert.Equal(Guests, Names(Pipeline.Of<GetXenDomainCommand>().From("web01", "db01")));
    }

    [Fact]
    public void An_object_may_name_a_domain_by_a_property()
    {
        Assert.Equal(["web01"], Names(Pipeline.Of<GetXenDomainCommand>().From(new { Domain = "web01" })));
        Assert.Equal(["db01"], Names(Pipeline.Of<GetXenDomainCommand>().From(new { Name = "db01", Vcpus = 3 })));
        Assert.Equal(["db01"], Names(Pipeline.Of<GetXenDomainCommand>().From(new { Id = 2 })));
    }

    [Fact]
    public void An_unknown_one_is_an_error_about_it_and_the_others_are_found()
    {
        PipelineOutcome outcome = Pipeline.Of<GetXenDomainCommand>().From("web01", "nope", "db01").Run();
        Assert.Equal(Guests, outcome.OutputOf<XenDomain>().Select(d => d.Name));
        ErrorRecord error = Refused(outcome, XenErrorId.DomainNotFound, ErrorCategory.ObjectNotFound);
        Assert.Equal("nope", error.TargetObject);
        Assert.Equal("DomainNotFound,XenVmEvent.PS.GetXenDomainCommand", error.FullyQualifiedErrorId);
        Assert.Contains("web01", error.ErrorDetails!.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_that_is_none_is_an_error_with_the_domains_that_are_there()
    {
        ErrorRecord error = Refused(Pipeline.Of<GetXenDomainCommand>("web[").Run(), XenErrorId.DomainNotFound, ErrorCategory.ObjectNotFound);
        Assert.Equal("web[", error.TargetObject);
    }

    [Fact]
    public void A_domain_that_has_ended_is_not_taken_for_another()
    {
        XenDomain web = Host["web01"].Identity;
        Refused(Pipeline.Of<GetXenDomainCommand>(web with { Uuid = Guid.NewGuid() }).Run(), XenErrorId.DomainNotFound, ErrorCategory.ObjectNotFound);
        Host["web01"].Destroy();
        Refused(Pipeline.Of<GetXenDomainCommand>(web).Run(), XenErrorId.DomainNotFound, ErrorCategory.ObjectNotFound);
        Assert.Equal(["Domain-0", "db01"], Names(Pipeline.Of<GetXenDomainCommand>()));
    }

    [Fact]
    public void What_names_no_domain_is_not_bound()
    {
        NotBound(Pipeline.Of<GetXenDomainCommand>(new object?[] { null }).Run(), "ParameterArgumentTransformationError");
        NotBound(Pipeline.Of<GetXenDomainCommand>("").Run(), "ParameterArgumentTransformationError");
        NotBound(Pipeline.Of<GetXenDomainCommand>("web01", "db01").Run(), "PositionalParameterNotFound");
        NotBound(Pipeline.Of<GetXenDomainCommand>().With("WhatIf").Run(), "NamedParameterNotFound");
    }

    private static IEnumerable<string> Names(Pipeline pipeline)
    {
        PipelineOutcome outcome = pipeline.Run();
        Assert.Empty(outcome.Errors);
        Assert.Null(outcome.TerminatingError);
        return outcome.OutputOf<XenDomain>().Select(d => d.Name);
    }
}
