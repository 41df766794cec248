using XenVmEvent.Reporting;
using XenVmEvent.Tests.Xen;
using Xunit;

namespace XenVmEvent.Tests.Reporting;

public sealed class ReportFileTests : IDisposable
{
    private readonly TemporaryRoot _folder = new();

    private string Path => System.IO.Path.Combine(_folder.Path, "report.html");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_there_is_kept_until_the_report_is_written()
    {
        ReportFile.Open(Path).Dispose();
        Assert.False(File.Exists(Path));
        File.WriteAllText(Path, "an older and longer report");
        using (ReportFile.Open(Path))
        {
        }

        Assert.Equal("an older and longer report", File.ReadAllText(Path));
        using ReportFile file = ReportFile.Open(Path);
        file.Write("ä newer");
        Assert.Equal("ä newer", File.ReadAllText(Path));
    }

    [Fact]
    public void A_file_is_not_overwritten_that_shall_not_be()
    {
        using (ReportFile file = ReportFile.Open(Path, noClobber: true)) file.Write("one");
        Assert.Equal(XenErrorId.ReportExists, Assert.Throws<XenException>(() => ReportFile.Open(Path, noClobber: true)).Id);
        Assert.Equal("one", File.ReadAllText(Path));
    }

    [Fact]
    public void A_read_only_file_is_written_by_force_and_is_read_only_again()
    {
        File.WriteAllText(Path, "one");
        File.SetAttributes(Path, FileAttributes.ReadOnly);
        using (ReportFile file = ReportFile.Open(Path, force: true)) file.Write("two");
        Assert.Equal("two", File.ReadAllText(Path));
        Assert.True((File.GetAttributes(Path) & FileAttributes.ReadOnly) != 0);
    }

    [Fact]
    public void What_cannot_be_written_is_an_error_that_says_so()
    {
        Assert.Equal(XenErrorId.ReportFailed, Assert.Throws<XenException>(() => ReportFile.Open(_folder.Path)).Id);
        Assert.Equal(XenErrorId.ReportFailed, Assert.Throws<XenException>(() => ReportFile.Open(System.IO.Path.Combine(_folder.Path, "none", "a.html"))).Id);
        using ReportFile full = ReportFile.Open("/dev/full");
        Assert.Equal(XenErrorId.ReportFailed, Assert.Throws<XenException>(() => full.Write("text")).Id);
    }
}
