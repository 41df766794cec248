namespace XenVmEvent;

/// <summary>Xen, a guest or a channel refused something; says what, and what can be done about it.</summary>
public sealed class XenException : Exception
{
    /// <summary>An error of this program's own finding.</summary>
    /// <param name="id">The stable name of what went wrong.</param>
    /// <param name="message">What went wrong, a whole sentence.</param>
    /// <param name="remedy">What to do about it, a whole sentence.</param>
    /// <param name="inner">What it came of.</param>
    /// <param name="task">What the remedy comes down to, for a face to add its command.</param>
    public XenException(XenErrorId id, string message, string remedy, Exception? inner = null, RemedyTask task = RemedyTask.None)
        : base(message, inner)
    {
        Id = id;
        Remedy = remedy;
        RemedyTask = task;
    }

    /// <summary>An error that a call of Xen's libraries returned.</summary>
    /// <param name="id">The stable name of what went wrong.</param>
    /// <param name="call">The function that failed, as in <c>xc_monitor_enable</c>.</param>
    /// <param name="errno">What it left in errno.</param>
    /// <param name="message">What could not be done, a whole sentence.</param>
    /// <param name="remedy">What to do about it, a whole sentence.</param>
    /// <param name="task">What the remedy comes down to, for a face to add its command.</param>
    public XenException(XenErrorId id, string call, Errno errno, string message, string remedy, RemedyTask task = RemedyTask.None)
        : base($"{message} ({call}: {(Enum.IsDefined(errno) ? errno : $"errno {(int)errno}")})")
    {
        Id = id;
        Call = call;
        Errno = errno;
        Remedy = remedy;
        RemedyTask = task;
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

    /// <summary>What to do about it, a whole sentence in the words of no face.</summary>
    public string Remedy { get; }

    /// <summary>What the remedy comes down to, where a face has a command for it.</summary>
    public RemedyTask RemedyTask { get; }

    /// <summary>The remedy with a face's own command.</summary>
    /// <param name="commandFor">The face's command for a task; null where it has none.</param>
    public string RemedyBy(Func<RemedyTask, string?> commandFor)
    {
        ArgumentNullException.ThrowIfNull(commandFor);
        return AddCommand(Remedy, commandFor(RemedyTask));
    }

    internal static string AddCommand(string remedy, string? command) => command is null ? remedy : $"{remedy.TrimEnd('.')}: {command}.";

    /// <summary>The library function that failed; null when none did.</summary>
    public string? Call { get; }

    /// <summary>What the function left in errno; null when none did.</summary>
    public Errno? Errno { get; }
}
