namespace XenVmEvent.Cli;

/// <summary>How memory is written.</summary>
internal enum MemoryFormat
{
    /// <summary>16 bytes a line: the address, the bytes in hex and as ASCII.</summary>
    Text,

    /// <summary>The bytes themselves.</summary>
    Raw,
}
