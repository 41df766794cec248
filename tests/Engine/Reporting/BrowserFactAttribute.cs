using Xunit;

namespace XenVmEvent.Tests.Reporting;

/// <summary>A test that is skipped where there is no browser.</summary>
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Browser.MissingPart;
}
