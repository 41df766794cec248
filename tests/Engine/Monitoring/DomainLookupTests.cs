using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Simulation;
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
        Hosts.Refused(XenErrorId.DomainNotFound, () => host.FindDomain("WEB"));
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
}
