using Xunit;

namespace XenVmEvent.Pester.Tests;

/// <summary>The Pester suite: one test for each It, with its name and outcome.</summary>
public class PesterTests
{
    /// <summary>Runs the suite.</summary>
    public static IEnumerable<TheoryDataRow<ItResult>> Results() => Suite.Run().Select(result => new TheoryDataRow<ItResult>(result)
    {
        TestDisplayName = result.Name,
        Label = "",
        Skip = result.Outcome == Outcome.Skipped ? result.Message : null,
    });

    [Theory, Trait("Speed", "Slow")]
    [MemberData(nameof(Results), DisableDiscoveryEnumeration = true)]
    public void It(ItResult result)
    {
        if (result.Outcome == Outcome.Failed) Assert.Fail(result.Message);
    }

    [Fact]
    public void The_module_is_imported_by_its_manifest() =>
        Assert.Equal("XenVmEvent", Suite.PowerShell("-Command", $"(Import-Module '{Suite.Told("Module")}' -PassThru).Name").Trim());
}
