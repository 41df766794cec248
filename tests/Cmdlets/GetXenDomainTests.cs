using System.Management.Automation;
using XenVmEvent.Hypervisor;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class GetXenDomainTests : CmdletTest
{
    [Fact]
    public void A_domain_that_has_ended_is_not_taken_for_another()
    {
        XenDomain web = Host["web01"].Identity;
        Refused(Pipeline.Of<GetXenDomainCommand>(new XenDomain(web.Id, web.Name, Guid.NewGuid(), web.Type, web.VCpus)).Run(), XenErrorId.DomainNotFound, ErrorCategory.ObjectNotFound);
        Host["web01"].Destroy();
        Refused(Pipeline.Of<GetXenDomainCommand>(web).Run(), XenErrorId.DomainNotFound, ErrorCategory.ObjectNotFound);
        Assert.Equal(["Domain-0", "db01"], Pipeline.Of<GetXenDomainCommand>().Run().OutputOf<XenDomain>().Select(d => d.Name));
    }
}
