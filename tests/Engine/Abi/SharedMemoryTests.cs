using XenVmEvent.Abi;
using Xunit;

namespace XenVmEvent.Tests.Abi;

public class SharedMemoryTests
{
    [Fact]
    public void Words_and_slices_are_the_same_memory()
    {
        using var memory = SharedMemory.Allocate(64);
        Assert.Equal(64, memory.Length);
        Assert.All(memory.Slice(0, 64).ToArray(), b => Assert.Equal(0, b));
        memory.WriteRelease(8, 0x0403_0201);
        Assert.Equal([1, 2, 3, 4], memory.Slice(8, 4).ToArray());
        Assert.Equal(0x0403_0201u, memory.ReadAcquire(8));
    }

    [Theory]
    [InlineData(-4)]
    [InlineData(61)]
    [InlineData(64)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void Nothing_beyond_its_bounds_is_touched(int offset)
    {
        using var memory = SharedMemory.Allocate(64);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.ReadAcquire(offset));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.WriteRelease(offset, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Slice(offset, 4).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Slice(0, 65).Length);
    }

    [Fact]
    public void Once_let_go_it_is_let_go_once_and_never_touched_again()
    {
        var released = new List<(nint, int)>();
        nint start = 0x10000;
        var memory = new SharedMemory(start, 64, (address, length) => released.Add((address, length)));
        memory.Dispose();
        memory.Dispose();
        Assert.Equal([(start, 64)], released);
        Assert.Equal(0, memory.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.ReadAcquire(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.WriteRelease(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Slice(0, 1).Length);
    }

    [Theory]
    [InlineData(0, 64)]
    [InlineData(0x10004, 64)]
    [InlineData(0x10000, 0)]
    [InlineData(0x10000, -1)]
    public void A_place_that_cannot_be_memory_is_refused(long start, int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SharedMemory((nint)start, length, null));
}
