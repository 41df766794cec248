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
        CommandResult seen = CommandProcess.Run("read", "web01", "0xffffffff81016120", "--virtual", "--vcpu", "1", "--length", "0x10", "--simulate");
        Assert.Equal(["ffffffff81016120  " + bytes], seen.Output);
        Assert.Equal(0, seen.ExitCode);
    }

    [Fact]
    public void Raw_memory_is_the_bytes_themselves()
    {
        string file = Path.GetTempFileName();
        try
        {
            CommandResult result = CommandProcess.RunInShell("read web01 0x16120 --length 4099 --format raw --simulate", $"> '{file}'");
            Assert.Equal(0, result.ExitCode);
            byte[] bytes = File.ReadAllBytes(file);
            Assert.Equal(4099, bytes.Length);
            Assert.Equal([0x0f, 0xa2, 0], bytes[..3]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Whoever_wants_no_more_of_it_ends_it()
    {
        CommandResult result = CommandProcess.RunInShell("read web01 0 --length 4000000 --simulate", "| head -n 1");
        Assert.Equal("0000000000000000", Assert.Single(result.Output)[..16]);
        Assert.Empty(result.Errors);
    }

    [Theory]
    [InlineData(nameof(MemoryFormat.Text))]
    [InlineData(nameof(MemoryFormat.Raw))]
    public void Memory_is_written_in_blocks(string format)
    {
        using CountingStream output = new();
        MemoryWriter.Write(output, 0, new byte[1 << 20], Enum.Parse<MemoryFormat>(format));
        Assert.InRange(output.Length, 1 << 20, 1 << 24);
        Assert.InRange(output.Writes, 1, output.Length / 8192);
    }

    [Theory]
    [InlineData(1, "InvalidGfn", "read", "web01", "0x1000", "--virtual", "--simulate")]
    [InlineData(1, "InvalidGfn", "read", "web01", "0x100000000", "--simulate")]
    [InlineData(1, "DomainNotFound", "read", "nonesuch", "0", "--simulate")]
    [InlineData(2, "not an address", "read", "web01", "here", "--simulate")]
    [InlineData(2, "--length", "read", "web01", "0", "--length", "0", "--simulate")]
    [InlineData(2, "--length takes a number from 1 to 268435456", "read", "web01", "0", "--length", "many", "--simulate")]
    [InlineData(2, "--vcpu takes a number from 0 to 4294967295", "read", "web01", "0", "--virtual", "--vcpu", "-1", "--simulate")]
    [InlineData(2, "--format takes text or raw", "read", "web01", "0", "--format", "json", "--simulate")]
    [InlineData(2, "Usage: xenvmevent read", "read")]
    public void What_cannot_be_read_is_an_error(int exitCode, string says, params string[] arguments)
    {
        CommandResult result = CommandProcess.Run(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(says, string.Join('\n', result.Errors), StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    private sealed class CountingStream : MemoryStream
    {
        public long Writes { get; private set; }

        /// <summary>Where a span comes too, in a class that is derived.</summary>
        public override void Write(byte[] buffer, int offset, int count)
        {
            Writes++;
            base.Write(buffer, offset, count);
        }
    }
}
