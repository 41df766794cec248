using FsCheck;
using FsCheck.Fluent;

namespace XenVmEvent.Tests;

/// <summary>Checks properties on random cases; one that fails prints its seed and the smallest case found.</summary>
internal static class Properties
{
    /// <summary>Checks an assertion that throws if it does not hold.</summary>
    public static void Hold<T>(Gen<T> cases, int count, Action<T> assertion) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(count), Prop.ForAll(cases.ToArbitrary(), assertion));

    /// <summary>Checks an assertion on anything of a type.</summary>
    public static void Hold<T>(int count, Action<T> assertion) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(count), Prop.ForAll(ArbMap.Default.ArbFor<T>(), assertion));
}
