using System.Diagnostics;
using System.IO.Compression;

namespace XenVmEvent.Tests.Reporting;

/// <summary>Headless Chromium, which shows a page.</summary>
internal static class Browser
{
    /// <summary>Longer than anything takes on the slowest machine: reached only when something never comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly Lazy<string?> Missing = new(FindMissing);

    /// <summary>Why there is no browser; null: there is one.</summary>
    public static string? MissingPart => Missing.Value;

    /// <summary>Loads a page from its file and runs its script.</summary>
    /// <returns>The page's elements as they are then, and what was written to the console, policy violations included.</returns>
    public static (string Dom, string[] Console) Show(string file, params string[] options)
    {
        (string dom, string log) = Run(["--dump-dom", .. options, $"file://{file}"]);
        return (dom, [.. log.Split('\n').Where(l => l.Contains(":CONSOLE", StringComparison.Ordinal))]);
    }

    /// <summary>The colour of the page's upper left corner.</summary>
    public static (byte Red, byte Green, byte Blue) CornerOf(string file, bool isDark)
    {
        string picture = file + ".png";
        Run(["--window-size=800,600", $"--screenshot={picture}", $"--blink-settings=preferredColorScheme={(isDark ? 0 : 1)}", $"file://{file}"]);
        byte[] png = File.ReadAllBytes(picture);
        using MemoryStream packed = new();
        for (int at = 8; at < png.Length;)
        {
            int length = png[at] << 24 | png[at + 1] << 16 | png[at + 2] << 8 | png[at + 3];
            if (png.AsSpan(at + 4, 4).SequenceEqual("IDAT"u8)) packed.Write(png, at + 8, length);
            at += length + 12;
        }

        packed.Position = 0;
        using ZLibStream rows = new(packed, CompressionMode.Decompress);

        // The row's filter, which changes nothing in the first pixel of all, and that pixel.
        byte[] first = new byte[4];
        rows.ReadExactly(first);
        return (first[1], first[2], first[3]);
    }

    private static string? FindMissing()
    {
        try
        {
            using Process version = Process.Start(new ProcessStartInfo("chromium", ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = version.StandardError.ReadToEndAsync();
            version.StandardOutput.ReadToEnd();
            version.WaitForExit();
            return version.ExitCode == 0 ? null : $"chromium does not start: {errors.GetAwaiter().GetResult()}";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "There is no chromium here; Debian: apt install chromium";
        }
    }

    private static (string Output, string Errors) Run(string[] arguments)
    {
        string profile = Directory.CreateTempSubdirectory("xenvmevent-").FullName;
        string[] all =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
            "--virtual-time-budget=5000", $"--user-data-dir={profile}", .. arguments,
        ];
        using Process process = Process.Start(new ProcessStartInfo("chromium", all) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Patience)) throw new TimeoutException("Chromium did not end.");
            return (output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            DeleteProfile(profile);
        }
    }

    private static void DeleteProfile(string profile)
    {
        try
        {
            Directory.Delete(profile, recursive: true);
        }
        catch (IOException)
        {
            // One of its processes is still writing into it.
        }
    }
}
