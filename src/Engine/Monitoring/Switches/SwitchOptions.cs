namespace XenVmEvent.Monitoring;

/// <summary>How one of Xen's switches for events is turned on. Of an option that a kind does not have, the default.</summary>
/// <param name="Sync">The vCPU waits for an answer.</param>
/// <param name="IgnoredBits">Of a control register: the bits whose change raises no event.</param>
/// <param name="OnChangeOnly">Of a register: writing the same value raises no event.</param>
/// <param name="AllowUserspace">Of guest requests: the guest's programs may make them too, not its kernel alone.</param>
internal readonly record struct SwitchOptions(bool Sync = true, ulong IgnoredBits = 0, bool OnChangeOnly = false, bool AllowUserspace = false)
{
    /// <summary>Whether both can be had from one switch: a vCPU waits for an answer or it does not.</summary>
    public bool GoesWith(SwitchOptions other) => Sync == other.Sync;

    /// <summary>What shows everything that either asks for; each watch's filter takes its own from that.</summary>
    public SwitchOptions And(SwitchOptions other) => new(
        Sync, IgnoredBits & other.IgnoredBits, OnChangeOnly && other.OnChangeOnly, AllowUserspace || other.AllowUserspace);
}
