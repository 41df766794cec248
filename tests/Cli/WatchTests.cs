using System.Text.Json;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>The command watching a simulated guest.</summary>
[Trait("Speed", "Slow")]
public class WatchTests
{
    [Theory]
    [InlineData("write", "ring")]
    [InlineData("exec", "slotted")]
    [InlineData("cpuid", "ring")]
    [InlineData("write_ctrlreg_cr4", "slotted")]
    [InlineData("breakpoint", "ring")]
    [InlineData("debug", "slotted")]
    [InlineData("desc_access", "auto")]
    public void Each_of_xen_accesss_modes_prints_its_lines_until_the_count_is_reached(string mode, string channel)
    {
        CommandResult result = CommandProcess.Run("web01", mode, "--simulate", "--channel", channel, "--first", "20");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(20, result.Output.Length);
        Assert.All(result.Output, line => Assert.Matches(XenAccessLines.Of(mode), line));
        Assert.Equal(2, result.Errors.Length);
        Assert.StartsWith("xenvmevent: watching web01 (id 1) on simulated Xen: ", result.Errors[0], StringComparison.Ordinal);
        if (channel != "auto") Assert.Contains($"{channel} channel", result.Errors[0], StringComparison.Ordinal);
        Assert.StartsWith("xenvmevent: 20 events shown, ", result.Errors[1], StringComparison.Ordinal);
        Assert.Contains("none lost", result.Errors[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("altp2m_write", "w")]
    [InlineData("altp2m_exec", "x")]
    [InlineData("altp2m_write_no_gpt", "x")]
    public void In_its_altp2m_modes_each_access_is_stepped_over_in_view_0(string mode, string access)
    {
        CommandResult result = CommandProcess.Run("-m", "web01", mode, "--simulate", "--channel", "ring", "--first", "30");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("none lost", result.Errors[^1], StringComparison.Ordinal);
        string[] accesses = [.. result.Output.Where(line => line.StartsWith("PAGE", StringComparison.Ordinal))];
        Assert.All(accesses, line => Assert.Matches(XenAccessLines.Of(access == "w" ? "write" : "exec"), line));
        Assert.All(accesses, line => Assert.EndsWith("altp2m view 1)", line, StringComparison.Ordinal));
        string[] steps = [.. result.Output.Where(line => line.StartsWith("Single", StringComparison.Ordinal))];
        Assert.All(steps, line => Assert.Matches(@"\ASinglestep: rip=[0-9a-f]{16}, vcpu \d+, altp2m 0\z", line));
        Assert.Equal(steps.Length, result.Output.Count(line => line == "\tSwitching altp2m to view 1!"));
        Assert.Equal(30, accesses.Length + steps.Length);
        Assert.InRange(accesses.Length - steps.Length, 0, 2);
        for (int vcpu = 0; vcpu < 2; vcpu++)
        {
            // Each vCPU's access and its step take turns.
            string[] own = [.. result.Output.Where(line => line.Contains($"vcpu {vcpu}", StringComparison.Ordinal))];
            for (int i = 0; i < own.Length; i++) Assert.StartsWith(i % 2 == 0 ? "PAGE" : "Single", own[i], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("-m", "2", "write", "--gfn", "0x100-0x10f,0x200")]
    [InlineData("db01", "msr", "--msr", "0xc0000082,374")]
    [InlineData("-m", "db01", "guest_request")]
    [InlineData("db01", "io")]
    [InlineData("db01", "vmexit")]
    public void As_json_every_line_is_an_object(params string[] arguments)
    {
        CommandResult result = CommandProcess.Run([.. arguments, "--simulate", "--first", "12", "--format", "json"]);
        Assert.Equal(0, result.ExitCode);
        string[] events = [.. result.Output.Where(l => !l.StartsWith("{\"lost\":", StringComparison.Ordinal))];
        Assert.Equal(12, events.Length);
        foreach (string line in events)
        {
            using JsonDocument one = JsonDocument.Parse(line);
            Assert.Equal("db01", one.RootElement.GetProperty("domain").GetString());
            Assert.InRange(one.RootElement.GetProperty("vcpu").GetInt32(), 0, 3);
        }
    }

    [Theory]
    [InlineData("--exclude-new-value", "0x80000000-0xffffffffffffffff", "msr", "--msr", "IA32_LSTAR")]
    [InlineData("--new-value", "0x80000000-0xffffffffffffffff,0", "msr", "--msr", "IA32_LSTAR")]
    [InlineData("--instruction-pointer", "0xffffffff81014120", "write", "--repeat")]
    [InlineData("--linear-address", "0xffff888000100000-0xffff888000103fff", "altp2m_write")]
    [InlineData("--symbol", "native_*,none*", "cpuid")]
    public void Filters_leave_out_the_others(string option, string value, params string[] arguments)
    {
        string map = Path.GetTempFileName();
        try
        {
            File.WriteAllText(map, "ffffffff81000000 T _text\nffffffff81016100 T native_cpuid\nffffffff81017000 T nonesuch");
            string[] symbols = option == "--symbol" ? ["--symbol-map", map] : [];
            CommandResult result = CommandProcess.Run(["web01", .. arguments, option, value, .. symbols, "--simulate", "--first", "5", "--format", "json"]);
            Assert.Equal(0, result.ExitCode);
            string[] events = [.. result.Output.Where(l => !l.StartsWith("{\"lost\":", StringComparison.Ordinal))];
            Assert.Equal(5, events.Length);
            foreach (string line in events)
            {
                using JsonDocument one = JsonDocument.Parse(line);
                string Field(string name) => one.RootElement.GetProperty(name).GetString()!;
                Assert.True(option switch
                {
                    "--exclude-new-value" => Convert.ToUInt64(Field("newValue"), 16) < 0x80000000,
                    "--new-value" => Convert.ToUInt64(Field("newValue"), 16) >= 0x80000000,
                    "--instruction-pointer" => Field("instructionPointer") == value,
                    "--linear-address" => Field("linearAddress").StartsWith("0xffff88800010", StringComparison.Ordinal),
                    _ => Field("symbol") == "native_cpuid+0x20",
                });
            }
        }
        finally
        {
            File.Delete(map);
        }
    }

    [Theory]
    [InlineData("--symbol-map", "/nonexistent")]
    [InlineData("--new-value", "1", "--exclude-new-value", "0-2")]
    public void What_could_never_be_shown_is_refused(params string[] options)
    {
        CommandResult result = CommandProcess.Run(["web01", "msr", "--msr", "1", "--simulate", .. options]);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("xenvmevent: InvalidArgument: ", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("io", @"\AI/O: rip=[0-9a-f]{16}, vcpu \d: port=0x[0-9a-f]+, (in|out), bytes=[124], string=[01]\z")]
    [InlineData("vmexit", @"\AVM exit: rip=[0-9a-f]{16}, vcpu \d: reason=\d+, qualification=0x[0-9a-f]+\z")]
    public void As_text_its_own_modes_say_what_happened(string mode, string line)
    {
        CommandResult result = CommandProcess.Run("db01", mode, "--simulate", "--count", "12");
        Assert.Equal(0, result.ExitCode);
        Assert.All(result.Output, l => Assert.Matches(line, l));
    }

    [Fact]
    public void A_denied_write_is_never_done()
    {
        // Each write is tried against the value that the register had before the first.
        CommandResult result = CommandProcess.Run(
            "web01", "write_ctrlreg_cr4", "--simulate", "--response", "deny", "--first", "40", "--format", "json");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(40, result.Output.Length);
        foreach (IGrouping<int, string?> vcpu in result.Output.Select(line => JsonDocument.Parse(line).RootElement)
            .GroupBy(e => e.GetProperty("vcpu").GetInt32(), e => e.GetProperty("oldValue").GetString()))
        {
            Assert.Single(vcpu.Distinct());
        }
    }

    [Fact]
    public void A_page_watched_with_repeat_is_seen_again_and_again()
    {
        CommandResult result = CommandProcess.Run(
            "db01", "exec", "--simulate", "--gfn", "0x10", "--repeat", "--first", "40", "--format", "json");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(40, result.Output.Count(line => line.Contains("\"gfn\":\"0x10\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_duration_ends_it()
    {
        CommandResult result = CommandProcess.Run("1", "cpuid", "--simulate", "--duration", "0.2");
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith($"xenvmevent: {result.Output.Length} events shown", result.Errors[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("ALRM")]
    [InlineData("QUIT")]
    [InlineData("USR1")]
    [InlineData("USR2")]
    [InlineData("XCPU")]
    [InlineData("XFSZ")]
    [InlineData("VTALRM")]
    [InlineData("PROF")]
    [InlineData("IO")]
    [InlineData("PWR")]
    public void A_signal_ends_it_cleanly(string signal)
    {
        using CommandProcess command = CommandProcess.Start("web01", "cpuid", "--simulate");
        Assert.NotNull(command.Output.ReadLine());
        command.Signal(signal);
        CommandResult result = command.Finish();
        Assert.Equal(0, result.ExitCode);
        Assert.All(result.Output, line => Assert.Matches(XenAccessLines.Of("cpuid"), line));
        Assert.Contains("events shown", result.Errors[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void SIGPIPE_alone_changes_nothing()
    {
        using CommandProcess command = CommandProcess.Start("web01", "cpuid", "--simulate");
        Assert.NotNull(command.Output.ReadLine());
        command.Signal("PIPE");
        for (int i = 0; i < 100; i++) Assert.NotNull(command.Output.ReadLine());
        command.Signal("TERM");
        Assert.Equal(0, command.Finish().ExitCode);
    }

    [Fact]
    public void A_file_that_may_not_grow_ends_it_cleanly()
    {
        string file = Path.GetTempFileName();
        try
        {
            CommandResult result = CommandProcess.RunInShell("web01 cpuid --simulate", $"> '{file}'", before: "export DOTNET_EnableWriteXorExecute=0; ulimit -f 64;");
            Assert.Equal(1, result.ExitCode);
            Assert.StartsWith("xenvmevent: OutputFailed: ", result.Errors[^1], StringComparison.Ordinal);
            Assert.Contains(result.Errors, e => e.Contains("events shown", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public void It_ends_when_nobody_reads_its_output_any_more(string format)
    {
        using CommandProcess command = CommandProcess.Start("web01", "cpuid", "--simulate", "--format", format);
        Assert.NotNull(command.Output.ReadLine());
        command.StopReading();
        CommandResult result = command.Finish();
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("events shown", result.Errors[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(">>", 1)]
    [InlineData(">", 0)]
    public void A_file_gets_all_lines_and_keeps_what_is_appended_to(string redirection, int linesBefore)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "before\n");
            CommandResult result = CommandProcess.RunInShell("web01 cpuid --simulate --first 300", $"{redirection} '{file}'");
            Assert.Equal(0, result.ExitCode);
            string[] lines = File.ReadAllLines(file);
            Assert.Equal(300 + linesBefore, lines.Length);
            if (linesBefore == 1) Assert.Equal("before", lines[0]);
            Assert.All(lines[linesBefore..], line => Assert.Matches(XenAccessLines.Of("cpuid"), line));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Output_that_cannot_be_written_is_a_failure()
    {
        CommandResult result = CommandProcess.RunInShell("web01 cpuid --simulate --first 20", "> /dev/full");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("events shown", result.Errors[^2], StringComparison.Ordinal);
        Assert.StartsWith("xenvmevent: OutputFailed: Standard output cannot be written: ", result.Errors[^1], StringComparison.Ordinal);
    }
}
