namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Why Xen is unavailable on a machine that is not a Xen host's dom0, according to the files that its kernel shows.
/// </summary>
internal static class Dom0
{
    /// <param name="root">The folder that holds sys and proc: "/".</param>
    /// <param name="failure">What went wrong when Xen was tried; null: it was not tried yet.</param>
    /// <returns>The reason; null if the machine seems to be dom0, so that the failure speaks for itself.</returns>
    public static XenException? Explain(string root, XenException? failure)
    {
        if (!OperatingSystem.IsLinux())
            return new XenException(XenErrorId.XenNotAvailable, "Xen is available only on Linux in dom0, and this is not Linux.", "Run this in dom0, or use the simulator.", failure, RemedyTask.UseSimulator);

        string capabilities = Path.Combine(root, "proc/xen/capabilities");
        string type = Path.Combine(root, "sys/hypervisor/type");
        bool onXen = File.Exists(capabilities) || (File.Exists(type) && File.ReadAllText(type).Trim() == "xen");
        if (!onXen)
        {
            return new XenException(
                XenErrorId.XenNotAvailable,
                "This machine does not run Xen.",
                "Run this in dom0 of a Xen host (on Debian, install xen-system-amd64), or use the simulator.",
                failure,
                RemedyTask.UseSimulator);
        }

        // If xenfs is not mounted, the failure is all there is to know.
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
