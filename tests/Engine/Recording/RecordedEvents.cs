using XenVmEvent.Events;
using Xunit;

namespace XenVmEvent.Tests.Recording;

/// <summary>Whether a recorded event is the one that was recorded.</summary>
internal static class RecordedEvents
{
    public static void AssertSame(VmEvent expected, VmEvent actual)
    {
        Assert.IsType(expected.GetType(), actual);
        Assert.Equal(expected.Request.Bytes.ToArray(), actual.Request.Bytes.ToArray());
        Assert.Equal(expected.Request.Layout, actual.Request.Layout);
        Assert.True(expected.Time.EqualsExact(actual.Time));
        Assert.Equal((expected.Domain, expected.DomainId), (actual.Domain, actual.DomainId));
        Assert.Equal((expected.Response, expected.ResponseState), (actual.Response, actual.ResponseState));
        Assert.Equal(expected.HandlingTime, actual.HandlingTime);
        Assert.Equal(expected.ToString(), actual.ToString());

        // Of the same type, with the same values: every public property, registers included.
        AssertSameProperties(expected, actual);
        AssertSameProperties(expected.Registers, actual.Registers);
    }

    private static void AssertSameProperties(object expected, object actual)
    {
        Assert.IsType(expected.GetType(), actual);
        foreach (System.Reflection.PropertyInfo property in expected.GetType().GetProperties())
        {
            if (property.Name == nameof(VmEvent.Registers)) continue;
            Assert.Equal(property.GetValue(expected), property.GetValue(actual));
        }
    }
}
