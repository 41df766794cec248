using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class DomainLookupTests
{
    [Fact]
    public void A_domain_is_found_by_id_name_or_uuid()
    {
        using var host = new SimulatedHypervisor();
        XenDomain web = host["web01"].Identity;
        string uuid = web.Uuid.ToString();
        foreach (string text in new[] { "1", "web01", uuid, uuid.ToUpperInvariant(), $"{{{uuid}}}" }) Assert.Equal(web, host.FindDomain(text));
        Assert.Equal(0u, host.FindDomain("0").Id);
    }

    [Fact]
    public void A_name_in_other_case_is_found_where_it_can_mean_one_domain_only()
    {
        using var host = new SimulatedHypervisor(new SimulationOptions
        {
            Domains = [new() { Id = 1, Name = "web" }, new() { Id = 2, Name = "Web" }, new() { Id = 3, Name = "db" }],
        });
        Assert.Equal(3u, host.FindDomain("DB").Id);
        Assert.Equal(2u, host.FindDomain("Web").Id);
        Hosts.Refused(XenErrorId.AmbiguousDomain, () => host.FindDomain("WEB"));
    }

    [Fact]
    public void A_number_is_an_id_also_where_a_domain_has_it_for_a_name()
    {
        using SimulatedHypervisor host = With((7, "6"), (6, "db"), (9, "8"));
        Assert.Equal(6u, host.FindDomain("6").Id);
        Assert.Equal(7u, host.FindDomain("7").Id);
        Assert.Contains("8 (id 9)", Hosts.Refused(XenErrorId.DomainNotFound, () => host.FindDomain("8")).Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_domains_of_one_name_are_refused_with_both()
    {
        using SimulatedHypervisor host = With((1, "web"), (2, "web"));
        XenException error = Hosts.Refused(XenErrorId.AmbiguousDomain, () => host.FindDomain("web"));
        Assert.Contains("web (id 1)", error.Message, StringComparison.Ordinal);
        Assert.Contains("web (id 2)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_the_uuid_of_another_can_mean_both()
    {
        using SimulatedHypervisor one = With((1, "web"));
        Guid uuid = one["web"].Identity.Uuid;
        using SimulatedHypervisor host = With((1, "web"), (2, $"{uuid}"));
        Hosts.Refused(XenErrorId.AmbiguousDomain, () => host.FindDomain($"{uuid}"));
    }

    [Fact]
    public void An_id_with_its_uuid_is_that_very_domain()
    {
        using SimulatedHypervisor host = With((1, "web"), (2, "db"));
        XenDomain web = host["web"].Identity;
        Assert.Equal(web, host.FindDomain(1, web.Uuid));
        Hosts.Refused(XenErrorId.DomainNotFound, () => host.FindDomain(2, web.Uuid));
        Hosts.Refused(XenErrorId.DomainNotFound, () => host.FindDomain(3, web.Uuid));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" 1")]
    [InlineData("-1")]
    [InlineData("0x1")]
    [InlineData("web0*")]
    [InlineData("4294967297")]
    public void One_that_is_not_there_is_refused_with_those_that_are(string text)
    {
        using var host = new SimulatedHypervisor();
        XenException error = Hosts.Refused(XenErrorId.DomainNotFound, () => host.FindDomain(text));
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("web01 (id 1)", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_domain_that_ended_is_not_found()
    {
        using var host = new SimulatedHypervisor();
        host["web01"].Destroy();
        Hosts.Refused(XenErrorId.DomainNotFound, () => host.FindDomain("web01"));
    }

    private static SimulatedHypervisor With(params (uint Id, string Name)[] domains) =>
        new(new SimulationOptions { Domains = [.. domains.Select(d => new SimulatedDomainOptions { Id = d.Id, Name = d.Name })] });
}
