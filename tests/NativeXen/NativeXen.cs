using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>
/// What the tests run on: the built libraries and Debian's xen-access. Each is prepared on first use.
/// </summary>
internal static class NativeXen
{
    private static readonly Lazy<string?> Missing = new(FindMissing);
    private static readonly Lazy<string> Output = new(Build);
    private static readonly Lazy<string> Program = new(() => RunScript("get-xen-access").Trim());

    /// <summary>Why these tests cannot run here; null when they can.</summary>
    public static string? MissingPart => Missing.Value;

    /// <summary>The directory of the libraries of Xen 4.17.</summary>
    public static string Libraries => Path.Combine(Output.Value, "lib");

    /// <summary>The directory of the libraries with the slotted channel.</summary>
    public static string SlottedLibraries => Path.Combine(Output.Value, "lib-slotted");

    /// <summary>Debian's xen-access.</summary>
    public static string XenAccess => Program.Value;

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return "xen-access of Debian's amd64 runs on x86-64 Linux only.";
        foreach (string tool in new[] { "bash", "gcc", "nm", "flock", "apt-get", "dpkg" })
        {
            if (!IsOnPath(tool)) return $"There is no {tool}: the libraries need gcc and binutils, xen-access comes from Debian's package.";
        }

        try
        {
            return File.Exists(XenAccess) ? null : "There is no xen-access.";
        }
        catch (InvalidOperationException e)
        {
            return $"Debian's package xen-utils-4.17 cannot be had: {e.Message}";
        }
    }

    private static bool IsOnPath(string tool) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(directory => File.Exists(Path.Combine(directory, tool)));

    private static string Build()
    {
        string output = Path.Combine(SourceDirectory(), "../../out/NativeXen");
        RunScript("build", output);
        return Path.GetFullPath(output);
    }

    private static string RunScript(string name, params IEnumerable<string> arguments)
    {
        using Process script = Process.Start(new ProcessStartInfo("bash", [Path.Combine(SourceDirectory(), name), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = script.StandardError.ReadToEndAsync();
        string output = script.StandardOutput.ReadToEnd();
        script.WaitForExit();
        return script.ExitCode == 0 ? output : throw new InvalidOperationException($"{name} failed: {errors.Result.Trim()}");
    }

    private static string SourceDirectory([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
