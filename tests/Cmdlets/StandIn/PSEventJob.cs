namespace System.Management.Automation;

public sealed class PSEventJob;
