using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests;

/// <summary>The messages of the engine and the simulator name no cmdlet, parameter or option of a face.</summary>
public sealed partial class FacelessTests
{
    [Theory]
    [InlineData(typeof(XenException))]
    [InlineData(typeof(SimulatedHypervisor))]
    public void No_text_names_a_faces_command(Type inside)
    {
        using PEReader file = new(File.OpenRead(inside.Assembly.Location));
        MetadataReader metadata = file.GetMetadataReader();
        List<string> named = [];
        int texts = 0;
        for (UserStringHandle text = MetadataTokens.UserStringHandle(1); !text.IsNil; text = metadata.GetNextHandle(text), texts++)
        {
            string value = metadata.GetUserString(text);
            if (FaceCommand().IsMatch(value)) named.Add(value);
        }

        Assert.NotEqual(0, texts);
        Assert.Empty(named);
    }

    /// <summary>A cmdlet, a parameter, an option, a subcommand.</summary>
    [GeneratedRegex(@"\w+-Xen\w+|(^|[ (])-[A-Z]\w+|[ (:]--[a-z]|xenvmevent (test|reset|read|report)")]
    private static partial Regex FaceCommand();
}
