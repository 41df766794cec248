namespace XenVmEvent.Hypervisor.Xen;

/// <summary>Whether this machine is a Xen host's dom0, told by the files that its kernel shows.</summary>
internal static class Dom0
{
    internal const string OrSimulator = " Or use the simulator: Connect-XenHost -Simulated, xenvmevent --simulate.";

    /// <param name="root">Where sys and proc lie: "/".</param>
    /// <exception cref="XenException">It is not.</exception>
    public static void ThrowIfNot(string root)
    {
        if (!OperatingSystem.IsLinux())
            throw new XenException(XenErrorId.XenNotAvailable, "Xen is used from Linux in dom0, and this is not Linux.", "Run this in dom0." + OrSimulator);

        string capabilities = Path.Combine(root, "proc/xen/capabilities");
        string type = Path.Combine(root, "sys/hypervisor/type");
        bool onXen = File.Exists(capabilities) || (File.Exists(type) && File.ReadAllText(type).Trim() == "xen");
        if (!onXen)
        {
            throw new XenException(
                XenErrorId.XenNotAvailable,
                "This machine does not run Xen.",
                "Run this in dom0 of a Xen host; on Debian the package xen-system-amd64 makes a machine one." + OrSimulator);
        }

        // Where xenfs is not mounted nothing is known yet: then the first call tells, by EPERM.
        if (File.Exists(capabilities) && !File.ReadAllText(capabilities).Contains("control_d", StringComparison.Ordinal))
        {
            throw new XenException(
                XenErrorId.XenNotAvailable,
                "This is a guest of a Xen host, not its dom0.",
                "Run this in dom0, as root." + OrSimulator);
        }
    }
}
