namespace XenVmEvent;

/// <summary>Xen, a guest or a channel refused something; says what, and what can be done about it.</summary>
public sealed class XenException : Exception
{
    /// <summary>An error of this program's own finding.</summary>
    public XenException(XenErrorId id, string message, string remedy, Exception? inner = null)
        : base(message, inner)
    {
        Id = id;
        Remedy = remedy;
    }

    /// <summary>An error that a call of Xen's libraries returned.</summary>
    /// <param name="id">The stable name of what went wrong.</param>
    /// <param name="call">The function that failed, as in <c>xc_monitor_enable</c>.</param>
    /// <param name="errno">The errno name that it left, as in <c>EBUSY</c>.</param>
    /// <param name="message">What could not be done, a whole sentence.</param>
    /// <param name="remedy">What to do about it, a whole sentence.</param>
    public XenException(XenErrorId id, string call, string errno, string message, string remedy)
        : base($"{message} ({call}: {errno})")
    {
        Id = id;
        Call = call;
        Errno = errno;
        Remedy = remedy;
    }

    /// <summary>The same, or for a defect of this program, met where a guest has to be set free first, an error that tells of it.</summary>
    internal static XenException From(Exception exception) =>
        exception as XenException ?? new XenException(
            XenErrorId.Unexpected,
            $"Something unexpected went wrong: {exception.Message}",
            "Please report this, with the exception's details.",
            exception);

    /// <summary>The stable name of what went wrong.</summary>
    public XenErrorId Id { get; }

    /// <summary>What to do about it, a whole sentence.</summary>
    public string Remedy { get; }

    /// <summary>The library function that failed; null when none did.</summary>
    public string? Call { get; }

    /// <summary>The errno name that the function left; null when none did.</summary>
    public string? Errno { get; }
}
