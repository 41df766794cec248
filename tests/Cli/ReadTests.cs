using Xunit;

namespace XenVmEvent.Cli.Tests;

public class ReadTests
{
    [Fact]
    public void Memory_is_shown_by_physical_and_by_virtual_address()
    {
        const string bytes = "0f a2 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................";
        CommandResult physical = CommandProcess.Run("read", "web01", "0x16120", "--length", "18", "--simulate");
        Assert.Equal(["0000000000016120  " + bytes, "0000000000016130  00 00                                            .."], physical.Output);
        CommandResult seen = CommandProcess.Run("read", "web01", "0xffffffff81016120", "--virtual", "--vcpu", "1", "--length", "16", "--simulate");
        Assert.Equal(["ffffffff81016120  " + bytes], seen.Output);
        Assert.Equal(0, seen.ExitCode);
    }

    [Theory]
    [InlineData(1, "InvalidGfn", "read", "web01", "0x1000", "--virtual", "--simulate")]
    [InlineData(1, "InvalidGfn", "read", "web01", "0x100000000", "--simulate")]
    [InlineData(1, "DomainNotFound", "read", "nonesuch", "0", "--simulate")]
    [InlineData(2, "no address", "read", "web01", "here", "--simulate")]
    [InlineData(2, "--length", "read", "web01", "0", "--length", "0", "--simulate")]
    [InlineData(2, "Usage: xenvmevent read", "read")]
    public void What_cannot_be_read_is_an_error(int exitCode, string says, params string[] arguments)
    {
        CommandResult result = CommandProcess.Run(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(says, string.Join('\n', result.Errors), StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }
}
