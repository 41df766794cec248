using System.Runtime.Versioning;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class GuardProgramTests : IDisposable
{
    private const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _module = Directory.CreateTempSubdirectory().FullName;
    private readonly string _bin = Directory.CreateTempSubdirectory().FullName;

    public void Dispose()
    {
        Directory.Delete(_module, recursive: true);
        Directory.Delete(_bin, recursive: true);
    }

    [Fact]
    public void The_program_beside_the_module_comes_before_that_on_the_path()
    {
        Write(_bin, Plain | UnixFileMode.UserExecute);
        string beside = Write(_module, Plain | UnixFileMode.UserExecute);
        Assert.Equal(beside, GuardProgram.Find(_module, _bin));
    }

    [Fact]
    public void The_program_beside_the_module_is_made_executable()
    {
        string beside = Write(_module, Plain);
        Assert.Equal(beside, GuardProgram.Find(_module, ""));
        Assert.True(File.GetUnixFileMode(beside).HasFlag(Plain | UnixFileMode.UserExecute | UnixFileMode.OtherExecute));
    }

    [Fact]
    public void On_the_path_only_a_program_that_can_be_executed_counts()
    {
        string plain = Write(_module, Plain);
        string program = Write(_bin, Plain | UnixFileMode.UserExecute);
        Assert.Equal(program, GuardProgram.Find("/nonexistent", $"/nonexistent:{_module}:{_bin}"));
        Assert.Equal(Plain, File.GetUnixFileMode(plain));
    }

    [Fact]
    public void There_may_be_none() => Assert.Null(GuardProgram.Find(_module, _bin));

    private static string Write(string folder, UnixFileMode mode)
    {
        string file = Path.Combine(folder, "xenvmevent");
        File.WriteAllText(file, "");
        File.SetUnixFileMode(file, mode);
        return file;
    }
}
