using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>What publishing the command as native code needs.</summary>
[Trait("Speed", "Slow")]
public class PublishTests
{
    [Fact]
    public void Without_a_linker_one_line_says_what_to_install()
    {
        (int exitCode, string[] lines) = CheckLinker("no-such-linker");
        Assert.Equal(1, exitCode);
        string line = Assert.Single(lines);
        Assert.Contains("install clang or gcc", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_linker_without_the_c_library_is_none()
    {
        // true takes every argument, and links nothing; false fails, as a linker does that does not find the library.
        Assert.Equal(0, CheckLinker("true").ExitCode);
        Assert.Equal(1, CheckLinker("false").ExitCode);
    }

    private static (int ExitCode, string[] Lines) CheckLinker(string linker)
    {
        using Process build = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["msbuild", Project(), "-t:EnsureLinker", $"-p:CppCompilerAndLinker={linker}", "-v:quiet", "-nologo", "-nodeReuse:false"])
        {
            RedirectStandardOutput = true,
        })!;
        string output = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        return (build.ExitCode, output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static string Project([CallerFilePath] string file = "") =>
        Path.Combine(Path.GetDirectoryName(file)!, "../../src/XenVmEvent.Cli/XenVmEvent.Cli.csproj");
}
