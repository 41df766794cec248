namespace System.Management.Automation;

public sealed class ProgressRecord(int activityId, string activity, string statusDescription)
{
    public int ActivityId { get; } = activityId;

    public string Activity { get; } = activity;

    public string StatusDescription { get; set; } = statusDescription;

    public ProgressRecordType RecordType { get; set; }
}
