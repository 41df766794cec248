using System.Text;

namespace XenVmEvent.Reporting;

/// <summary>
/// The file for a report. It is opened before the events come, so that faults show early, and overwritten only when the
/// report is written.
/// </summary>
public sealed class ReportFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _file;
    private readonly bool _wasReadOnly;
    private readonly bool _isNew;
    private bool _isWritten;

    private ReportFile(string path, FileStream file, bool wasReadOnly, bool isNew)
    {
        _isNew = isNew;
        _path = path;
        _file = file;
        _wasReadOnly = wasReadOnly;
    }

    /// <summary>Opens the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="noClobber">Fail if the file exists.</param>
    /// <param name="force">Write it even if it is read-only; it is made read-only again at the end.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.ReportFailed"/>: it cannot be written. <see cref="XenErrorId.ReportExists"/>: the file
    /// exists.
    /// </exception>
    public static ReportFile Open(string path, bool noClobber = false, bool force = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            bool exists = File.Exists(path);
            if (exists && noClobber) throw Exists(path);
            bool wasReadOnly = exists && force && (File.GetAttributes(path) & FileAttributes.ReadOnly) != 0;
            if (wasReadOnly) File.SetAttributes(path, File.GetAttributes(path) & ~FileAttributes.ReadOnly);
            FileStream file = new(path, noClobber ? FileMode.CreateNew : FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            return new ReportFile(path, file, wasReadOnly, !exists);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(path, e);
        }
    }

    /// <summary>Replaces the file's contents with the report, and closes the file.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.ReportFailed"/>: for example, the disk is full.</exception>
    public void Write(string html)
    {
        ArgumentNullException.ThrowIfNull(html);
        try
        {
            _isWritten = true;
            if (_file.CanSeek) _file.SetLength(0);
            _file.Write(Encoding.UTF8.GetBytes(html));
            _file.Dispose();
            if (_wasReadOnly) File.SetAttributes(_path, File.GetAttributes(_path) | FileAttributes.ReadOnly);
        }
        catch (Exception e) when (Recording.RecordingErrors.IsFailedWrite(e))
        {
            throw CannotWrite(_path, e);
        }
    }

    /// <summary>Closes the file. A new file to which nothing was written is deleted.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (_isWritten || !_isNew) return;
        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An empty file does no harm.
        }
    }

    private static XenException CannotWrite(string path, Exception cause) => new(
        XenErrorId.ReportFailed,
        $"The report '{path}' cannot be written: {cause.Message}",
        "Name a file in a folder that you may write to, on a disk with free space.",
        cause);

    private static XenException Exists(string path) => new(
        XenErrorId.ReportExists, $"The file '{path}' exists already.", "Name another file, or allow overwriting.");
}
