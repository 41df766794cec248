namespace System.Management.Automation;

public enum ProgressRecordType
{
    Processing,
    Completed,
}
