using FsCheck.Fluent;
using XenVmEvent.Measurement;
using Xunit;

namespace XenVmEvent.Tests.Measurement;

public class TopCounterTests
{
    [Fact]
    public void Counts_are_exact_as_long_as_there_is_room() => Properties.Hold(Gen.ArrayOf(Gen.Choose(0, 63)), 300, things =>
    {
        TopCounter<int> counter = new(64);
        foreach (int thing in things) counter.Add(thing);
        Assert.Equal(things.GroupBy(t => t).ToDictionary(g => g.Key, g => (long)g.Count()), counter.Top(64).ToDictionary());
        Assert.Equal(things.Distinct().Order(), counter.InOrder().Select(c => c.Key));
    });

    [Fact]
    public void Beyond_that_they_are_too_small_by_no_more_than_is_said() => Properties.Hold(Gen.ArrayOf(Gen.Choose(0, 60), 2000), 200, things =>
    {
        const int most = 16;
        TopCounter<int> counter = new(most);
        foreach (int thing in things) counter.Add(thing * thing / 60);
        Dictionary<int, long> counted = counter.Top(int.MaxValue).ToDictionary();
        Assert.InRange(counted.Count, 0, most);
        foreach (IGrouping<int, int> group in things.GroupBy(t => t * t / 60))
        {
            long missing = group.Count() - counted.GetValueOrDefault(group.Key);
            Assert.InRange(missing, 0, 2 * things.Length / most);
        }
    });
}
