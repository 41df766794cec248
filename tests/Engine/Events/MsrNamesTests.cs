using XenVmEvent.Events;
using Xunit;

namespace XenVmEvent.Tests.Events;

public class MsrNamesTests
{
    [Theory]
    [InlineData("IA32_LSTAR", 0xc0000082)]
    [InlineData("lstar", 0xc0000082)]
    [InlineData("0xC0000082", 0xc0000082)]
    [InlineData("3221225602", 0xc0000082)]
    [InlineData("0", 0)]
    public void A_register_is_named_or_numbered(string text, uint msr)
    {
        Assert.True(MsrNames.TryParse(text, out uint found));
        Assert.Equal(msr, found);
    }

    [Theory]
    [InlineData("")]
    [InlineData("NONESUCH")]
    [InlineData("0x100000000")]
    [InlineData("-1")]
    public void Anything_else_is_no_register(string text) => Assert.False(MsrNames.TryParse(text, out _));

    [Fact]
    public void Every_name_is_found_by_its_number() => Assert.All(MsrNames.All, name =>
    {
        Assert.True(MsrNames.TryParse(name, out uint msr));
        Assert.Equal(name, MsrNames.Find(msr));
    });
}
