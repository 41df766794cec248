namespace System.Management.Automation;

public enum JobState
{
    NotStarted,
    Running,
    Completed,
    Failed,
    Stopped,
}
