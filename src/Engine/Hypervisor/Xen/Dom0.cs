namespace XenVmEvent.Hypervisor.Xen;

/// <summary>Why Xen cannot be had on a machine that is not a Xen host's dom0, told by the files that its kernel shows.</summary>
internal static class Dom0
{
    /// <param name="root">Where sys and proc lie: "/".</param>
    /// <param name="failure">What went wrong when Xen was tried; null: it was not yet.</param>
    /// <returns>The reason; null where the machine seems to be dom0, and the failure speaks for itself.</returns>
    public static XenException? Explain(string root, XenException? failure)
    {
        if (!OperatingSystem.IsLinux())
            return new XenException(XenErrorId.XenNotAvailable, "Xen is used from Linux in dom0, and this is not Linux.", "Run this in dom0, or use the simulator.", failure, RemedyTask.UseSimulator);

        string capabilities = Path.Combine(root, "proc/xen/capabilities");
        string type = Path.Combine(root, "sys/hypervisor/type");
        bool onXen = File.Exists(capabilities) || (File.Exists(type) && File.ReadAllText(type).Trim() == "xen");
        if (!onXen)
        {
            return new XenException(
                XenErrorId.XenNotAvailable,
                "This machine does not run Xen.",
                "Run this in dom0 of a Xen host (on Debian the package xen-system-amd64 makes a machine one), or use the simulator.",
                failure,
                RemedyTask.UseSimulator);
        }

        // Where xenfs is not mounted there is no more to know than the failure.
        if (File.Exists(capabilities) && !File.ReadAllText(capabilities).Contains("control_d", StringComparison.Ordinal))
        {
            return new XenException(
                XenErrorId.XenNotAvailable,
                "This is a guest of a Xen host, not its dom0.",
                "Run this in dom0, as root, or use the simulator.",
                failure,
                RemedyTask.UseSimulator);
        }

        return null;
    }
}
