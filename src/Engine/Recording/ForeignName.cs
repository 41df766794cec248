namespace XenVmEvent.Recording;

/// <summary>A name from another host, without what a terminal would obey.</summary>
internal static class ForeignName
{
    public static string Of(string name) => name.Any(char.IsControl) ? new string([.. name.Select(c => char.IsControl(c) ? '\uFFFD' : c)]) : name;
}
