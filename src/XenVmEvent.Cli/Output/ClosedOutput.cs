using System.Text;

namespace XenVmEvent.Cli;

/// <summary>In the place of a standard output that cannot be written to: whatever is written fails.</summary>
internal sealed class ClosedOutput : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => throw StandardOutput.Closed();
}
