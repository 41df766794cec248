namespace XenVmEvent.Simulation;

/// <summary>The model-specific registers that simulated guests use, with their numbers.</summary>
internal static class Msr
{
    public const uint SysenterCs = 0x174;
    public const uint SysenterEsp = 0x175;
    public const uint SysenterEip = 0x176;
    public const uint Efer = 0xc000_0080;
    public const uint Star = 0xc000_0081;
    public const uint Lstar = 0xc000_0082;
    public const uint TscAux = 0xc000_0103;

    /// <summary>Whether Xen can watch writes to it: it keeps bitmaps of three ranges.</summary>
    public static bool CanBeWatched(uint msr) => (msr & 0xffff_e000) is 0 or 0x4000_0000 or 0xc000_0000;
}
