namespace XenVmEvent.Hypervisor;

/// <summary>The library that Xen is called with.</summary>
/// <param name="File">The file it was loaded from.</param>
/// <param name="Release">The release of Xen that the file's name tells, as in 4.17; null where it tells none.</param>
/// <param name="RunningRelease">The release of Xen that runs; null where it is not known.</param>
public sealed record HostLibrary(string File, string? Release, string? RunningRelease);
