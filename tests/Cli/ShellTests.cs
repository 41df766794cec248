using System.Diagnostics;
using System.Runtime.Versioning;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>Completion in real shells on a terminal: what is in the line after somebody has typed and pressed Tab.</summary>
[Trait("Speed", "Slow")]
[SupportedOSPlatform("linux")]
public sealed class ShellTests : IDisposable
{
    /// <summary>Each is typed; the second is what is then in the line.</summary>
    private static readonly (string Typed, string Line)[] Lines =
    [
        ("app\t", "xenvmevent apply "),
        ("agent st\t", "xenvmevent agent status "),
        ("web01 cpu\t", "xenvmevent web01 cpuid "),
        ("web01 cpuid --forma\t", "xenvmevent web01 cpuid --format "),
        ("web01 cpuid --format j\t", "xenvmevent web01 cpuid --format json "),
        ("web01 cpuid --format=j\t", "xenvmevent web01 cpuid --format=json "),
        ("web01 cpuid --register rbx=1,rc\t7", "xenvmevent web01 cpuid --register rbx=1,rcx=7"),
        ("web01 msr --msr IA32_LST\t", "xenvmevent web01 msr --msr IA32_LSTAR "),
        ("receive --event MemAccess,MovT\t", "xenvmevent receive --event MemAccess,MovToMsr "),
        ("web01 cpuid --first 5\t", "xenvmevent web01 cpuid --first 5"),
        ("check pol\t", "xenvmevent check policy\\ one.yaml "),
        ("web01 cpuid --output sub\tre\t", "xenvmevent web01 cpuid --output sub/recording.jsonl "),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    public ShellTests()
    {
        Write("bin/xenvmevent", $"#!/bin/sh\nexec {string.Join(' ', TestedProgram.Command)} \"$@\"\n");
        File.SetUnixFileMode(Path.Combine(_folder, "bin/xenvmevent"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Write("home/policy one.yaml", "");
        Write("home/sub/recording.jsonl", "");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void In_bash()
    {
        string start = Write("start", $$"""
            . '{{Packaged.File("completion/xenvmevent.bash")}}'
            record() { printf '%s\n' "$READLINE_LINE" >> ../lines; READLINE_LINE=; }
            bind -x '"\C-xr": record'
            """);
        Assert.Equal(Lines.Select(one => one.Line), Type("bash", $"bash --noprofile --rcfile {start} -i"));
    }

    [Fact]
    public void In_zsh()
    {
        Write("home/.zshrc", $$"""
            fpath=('{{Path.GetDirectoryName(Packaged.File("completion/_xenvmevent"))}}' $fpath)
            autoload -Uz compinit
            compinit -u -D
            record() { print -r -- "$BUFFER" >> ../lines; BUFFER=; }
            zle -N record
            bindkey '^Xr' record
            """);
        Assert.Equal(Lines.Select(one => one.Line), Type("zsh", "zsh -i"));
    }

    private string Write(string name, string text)
    {
        string file = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }

    /// <summary>Types all lines, and returns what became of them. The terminal is that of the program script.</summary>
    private string[] Type(string shell, string command)
    {
        const string Record = "\u0018r";
        foreach (string needed in new[] { shell, "script" })
            Assert.SkipUnless((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, needed))), $"{needed} is not installed (Debian: apt install bsdutils zsh).");
        string home = Path.Combine(_folder, "home");
        ProcessStartInfo start = new("script", ["-qec", command, "/dev/null"]) { WorkingDirectory = home, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["PATH"] = $"{_folder}/bin:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["HOME"] = start.Environment["ZDOTDIR"] = home;
        start.Environment["TERM"] = "dumb";
        using Process process = Process.Start(start)!;
        foreach ((string typed, _) in Lines) process.StandardInput.Write($"xenvmevent {typed}{Record}");
        process.StandardInput.Write("exit\n");
        process.StandardInput.Flush();
        string shown = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        string lines = Path.Combine(_folder, "lines");
        Assert.True(File.Exists(lines), shown);
        return File.ReadAllLines(lines);
    }
}
