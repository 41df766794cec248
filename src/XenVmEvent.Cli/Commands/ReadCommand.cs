using System.CommandLine;
using System.CommandLine.Parsing;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Memory;
using XenVmEvent.Simulation;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent read</c>.</summary>
internal static class ReadCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent read <domain> <address> [--virtual] [--vcpu <n>] [--length <n>] [--format text|raw]";

    private const int MostBytes = 1 << 28;

    private static readonly Argument<string> Domain = new("domain") { Description = "The domain: its id, name or uuid." };

    private static readonly Argument<ulong> Address = new("address")
    {
        Description = "The guest physical address of the first byte, as in 0x1000.",
        CustomParser = ParseAddress,
    };

    private static readonly Option<bool> Virtual = new("--virtual") { Description = "The address is a linear address, as the guest's own code uses it." };

    private static readonly Option<uint> VCpu = new("--vcpu")
    {
        Description = "The vCPU whose page tables translate a linear address.",
        HelpName = "n",
        CustomParser = result => (uint)ParseNumber(result, "--vcpu", 0, uint.MaxValue),
        DefaultValueFactory = _ => 0,
    };

    private static readonly Option<int> Length = new("--length")
    {
        Description = "How many bytes to read.",
        HelpName = "n",
        CustomParser = result => (int)ParseNumber(result, "--length", 1, MostBytes),
        DefaultValueFactory = _ => 256,
    };

    private static readonly Option<MemoryFormat> Format = new("--format")
    {
        Description = "text: 16 bytes per line, in hex and as ASCII. raw: the bytes themselves.",
        HelpName = "text|raw",
        CustomParser = ParseFormat,
        DefaultValueFactory = _ => MemoryFormat.Text,
    };

    private static readonly Option<bool> Simulate = new("--simulate") { Description = "Read a simulated guest, web01 or db01, on a machine without Xen." };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command command = new("read", "Shows a guest's memory.") { Domain, Address, Virtual, VCpu, Length, Format, Simulate };
        command.SetAction(parsed => new ReadRun(
            parsed.GetRequiredValue(Domain),
            parsed.GetRequiredValue(Address),
            parsed.GetValue(Virtual),
            parsed.GetValue(VCpu),
            parsed.GetValue(Length),
            parsed.GetValue(Format),
            parsed.GetValue(Simulate)).Run());
        return command;
    }

    private static MemoryFormat ParseFormat(ArgumentResult result) => result.Tokens[0].Value switch
    {
        "text" => MemoryFormat.Text,
        "raw" => MemoryFormat.Raw,
        _ => XenVmEventCommand.Refuse<MemoryFormat>(result, "--format takes text or raw."),
    };

    private static ulong ParseNumber(ArgumentResult result, string option, ulong least, ulong most) =>
        NumberText.TryParse(result.Tokens[0].Value, out ulong number) && number >= least && number <= most
            ? number
            : XenVmEventCommand.Refuse<ulong>(result, $"{option} takes a number from {least} to {most}.");

    private static ulong ParseAddress(ArgumentResult result) =>
        NumberText.TryParse(result.Tokens[0].Value, out ulong address)
            ? address
            : XenVmEventCommand.Refuse<ulong>(result, $"'{result.Tokens[0].Value}' is not an address; write, for example, 0x1000.");
}

/// <summary>Shows a guest's memory.</summary>
internal sealed class ReadRun(string name, ulong address, bool isVirtual, uint vcpu, int length, MemoryFormat format, bool simulate)
{
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using IHypervisor hypervisor = simulate ? new SimulatedHypervisor() : XenHypervisor.Connect();
        using IDomainMemory memory = hypervisor.OpenMemory(hypervisor.FindDomain(name));
        byte[] bytes = isVirtual ? memory.ReadVirtual(vcpu, address, length) : memory.ReadPhysical(address, length);
        using Stream output = StandardOutput.Open();
        if (StandardOutput.Attempt(() => MemoryWriter.Write(output, address, bytes, format)) is { } unwritten) throw unwritten;
        return ExitCode.Success;
    }
}
