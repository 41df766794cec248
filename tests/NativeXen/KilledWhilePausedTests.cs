using System.Diagnostics;
using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>
/// A process that dies as by kill -9 while it has the domain paused, or its code changed. Its guard, a separate process,
/// undoes that and nothing else.
/// </summary>
public sealed class KilledWhilePausedTests : NativeXenTest, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static int _domains = 2000 + Environment.ProcessId % 1000 * 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    // All processes keep their notes on a domain in one place, so no two tests use the same domain.
    private readonly int _domain = Interlocked.Increment(ref _domains);

    public KilledWhilePausedTests() => SkipUnlessRoot();

    public static TheoryData<string, string, int> Deaths
    {
        get
        {
            TheoryData<string, string, int> deaths = [];
            foreach (string moment in (string[])["before xc_domain_pause", "after xc_domain_pause", "in xc_monitor_enable", "before xc_domain_unpause", "after xc_domain_unpause"])
            {
                deaths.Add("watch", moment, 0);
                deaths.Add("reset", moment, 0);
            }

            // Somebody else has paused it too. That pause stays.
            deaths.Add("watch", "before xc_domain_pause", 1);
            deaths.Add("reset", "after xc_monitor_disable", 1);
            return deaths;
        }
    }

    /// <summary>A guard that has done its work may still write there.</summary>
    public void Dispose()
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                Directory.Delete(_folder, recursive: true);
                return;
            }
            catch (IOException) when (Stopwatch.GetElapsedTime(start) < Patience)
            {
                Thread.Sleep(10);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public void Its_guard_undoes_its_pause_alone(string command, string moment, int pausesOfOthers)
    {
        File.WriteAllText(PathOf("pauses"), $"{pausesOfOthers}");
        File.WriteAllText(PathOf("death"), moment);

        using (Process process = Start(command == "watch" ? [$"{_domain}", "cpuid", "--first", "1"] : ["reset", $"{_domain}", "--yes"]))
        {
            Assert.True(process.WaitForExit(Patience), "It was not killed.");
            Assert.Equal(137, process.ExitCode);
        }

        // The guard is done once nothing that it has to undo is noted any more.
        long start = Stopwatch.GetTimestamp();
        while (Notes().Length > 0 || Pauses() != pausesOfOthers || GuardRuns())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"{Pauses()} pauses are left; {string.Join(", ", Notes())}");
            Thread.Sleep(10);
        }

        Assert.Equal(pausesOfOthers, Pauses());
    }

    /// <summary>
    /// A follower that dies while it keeps a guest back that its toolstack has made and not unpaused yet. Whatever is left,
    /// the guest runs in the end.
    /// </summary>
    [Theory]
    [InlineData("before xc_domain_pause")]
    [InlineData("after xc_domain_pause")]
    [InlineData("in xc_monitor_enable")]
    [InlineData("before xc_domain_unpause")]
    [InlineData("after xc_domain_unpause")]
    public void No_guest_that_starts_stays_kept_back(string moment)
    {
        const int toolstack = 1;
        File.WriteAllText(PathOf("pauses"), $"{toolstack}");
        File.WriteAllText(PathOf("death"), moment);
        using (Process process = Start([$"{_domain}", "cpuid", "--follow"]))
        {
            Assert.True(process.WaitForExit(Patience), "It was not killed.");
            Assert.Equal(137, process.ExitCode);
        }

        Unpause();
        long start = Stopwatch.GetTimestamp();
        while (Notes().Length > 0 || Pauses() != 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"{Pauses()} pauses are left; {string.Join(", ", Notes())}");
            Thread.Sleep(10);
        }
    }

    [Fact]
    public void Reset_undoes_what_a_process_has_left_whose_guard_was_killed_too()
    {
        File.WriteAllText(PathOf("pauses"), "0");
        File.WriteAllText(PathOf("death"), "after xc_domain_pause");
        using (Process process = Start([$"{_domain}", "cpuid", "--first", "1", "--no-guard"])) Assert.True(process.WaitForExit(Patience));
        Assert.Equal(1, Pauses());

        using (Process reset = Start(["reset", $"{_domain}", "--yes"]))
        {
            string said = reset.StandardOutput.ReadToEnd();
            Assert.True(reset.WaitForExit(Patience));
            Assert.Contains("A process that was killed had paused it", said, StringComparison.Ordinal);
        }

        Assert.Equal(0, Pauses());
        Assert.Empty(Notes());
    }

    /// <summary>
    /// A process that is killed when it has noted a breakpoint, has set one of two, waits for events, or has given one of
    /// them back. Its guard, or without one a reset, gives the guest its code back.
    /// </summary>
    [Theory]
    [InlineData("before write 1", true)]
    [InlineData("before write 2", true)]
    [InlineData("before write 3", true)]
    [InlineData("before write 4", true)]
    [InlineData("before write 2", false)]
    [InlineData("before write 4", false)]
    public void No_breakpoint_stays_in_the_guest(string moment, bool isGuarded)
    {
        const int nop = 0x1_0120;
        const int writePage = 0x1_1120;
        File.WriteAllText(PathOf("pauses"), "0");
        File.WriteAllText(PathOf("policy.yaml"), $"""
            version: 1
            name: breakpoints
            domains: [guest]
            rules:
            - name: two
              event: SoftwareBreakpoint
              at: [0x{0xffff_ffff_8100_0000 + nop:x}, 0x{0xffff_ffff_8100_0000 + writePage:x}]
            """);
        using (Process first = Start(["read", $"{_domain}", "0x10120", "--length", "1"])) Assert.True(first.WaitForExit(Patience));
        byte[] before = File.ReadAllBytes(PathOf("memory"));
        Assert.Equal((0x90, 0x48), (before[nop], before[writePage]));

        File.WriteAllText(PathOf("death"), moment);
        using (Process process = Start(["apply", PathOf("policy.yaml"), "--first", "3", .. isGuarded ? Array.Empty<string>() : ["--no-guard"]]))
        {
            Assert.True(process.WaitForExit(Patience), "It was not killed.");
            Assert.Equal(137, process.ExitCode);
        }

        if (!isGuarded)
        {
            Assert.NotEmpty(Notes("breakpoint"));
            using Process reset = Start(["reset", $"{_domain}", "--yes"]);
            Assert.Contains("Breakpoints taken away from its code:", reset.StandardOutput.ReadToEnd(), StringComparison.Ordinal);
            Assert.True(reset.WaitForExit(Patience));
        }

        long start = Stopwatch.GetTimestamp();
        while (Notes().Length + Notes("breakpoint").Length > 0 || Pauses() != 0 || GuardRuns())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"{Pauses()} pauses are left; {string.Join(", ", [.. Notes(), .. Notes("breakpoint")])}");
            Thread.Sleep(10);
        }

        byte[] after = File.ReadAllBytes(PathOf("memory"));
        Assert.Equal((before[nop], before[writePage]), (after[nop], after[writePage]));
    }

    private static bool Mentions(string directory, string text)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, "cmdline")).Contains(text, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private string PathOf(string name) => Path.Combine(_folder, name);

    private string[] Notes(string kind = "pause") => Directory.Exists("/run/xenvmevent") ? Directory.GetFiles("/run/xenvmevent", $"{kind}.{_domain}.*") : [];

    private int Pauses()
    {
        try
        {
            return int.TryParse(File.ReadAllText(PathOf("pauses")), out int count) ? count : -1;
        }
        catch (IOException)
        {
            return -1; // Somebody is writing it.
        }
    }

    /// <summary>As its toolstack does, once everything is made.</summary>
    private void Unpause()
    {
        while (true)
        {
            try
            {
                using FileStream file = new(PathOf("pauses"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                using StreamReader reader = new(file);
                int count = int.Parse(reader.ReadToEnd(), System.Globalization.CultureInfo.InvariantCulture);
                file.SetLength(0);
                file.Write(System.Text.Encoding.ASCII.GetBytes($"{count - 1}"));
                return;
            }
            catch (IOException)
            {
                Thread.Sleep(1); // A guard has it.
            }
        }
    }

    private bool GuardRuns() => Directory.EnumerateDirectories("/proc").Any(p => char.IsAsciiDigit(Path.GetFileName(p)[0]) && Mentions(p, $"guard\0{_domain}\0"));

    private Process Start(string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "xenvmevent.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // It runs on from the first switch, so a number of rounds could be over before the last breakpoint is set.
        foreach ((string name, string? value) in new Guest { Interrupt = "", Rounds = 0 }.Environment(PathOf("state"))) start.Environment[name] = value;
        start.Environment["SIMULATED_XEN_DOMAIN"] = $"{_domain}";
        start.Environment["SIMULATED_XEN_MEMORY"] = PathOf("memory");
        start.Environment["SIMULATED_XEN_PAUSES"] = PathOf("pauses");
        start.Environment["SIMULATED_XEN_DEATH"] = PathOf("death");
        return Process.Start(start)!;
    }
}
