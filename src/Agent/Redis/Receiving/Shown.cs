namespace XenVmEvent.Agent;

/// <summary>A name from elsewhere, without what a terminal would obey.</summary>
internal static class Shown
{
    public static string Of(string name) => new([.. name.Select(c => char.IsControl(c) ? '\uFFFD' : c)]);
}
