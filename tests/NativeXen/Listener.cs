using System.Diagnostics;
using System.Text.Json.Nodes;
using XenVmEvent.Cli.Tests;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>A program that listens to a guest, run to its end.</summary>
/// <param name="ExitCode">What it returned.</param>
/// <param name="Lines">Its standard output.</param>
/// <param name="Errors">Its standard error.</param>
/// <param name="State">The state in which it left the guest; null if it did not load the libraries.</param>
internal sealed record Listener(int ExitCode, IReadOnlyList<string> Lines, IReadOnlyList<string> Errors, JsonNode? State)
{
    private const string VCpuMark = "vcpu ";

    /// <summary>Longer than anything takes on the slowest machine. Reached only if something never comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Runs Debian's xen-access.</summary>
    public static Listener RunXenAccess(Guest guest, params IEnumerable<string> arguments) =>
        Run(guest, NativeXen.XenAccess, arguments);

    /// <summary>Runs xenvmevent. The guest is in the listener's process, so a guard would have none to free.</summary>
    public static Listener RunOurs(Guest guest, params IEnumerable<string> arguments) => RunXenVmEvent(guest, [.. arguments, "--no-guard"]);

    /// <summary>Runs one of xenvmevent's commands.</summary>
    public static Listener RunXenVmEvent(Guest guest, params IEnumerable<string> arguments) =>
        Run(guest, TestedProgram.Command[0], [.. TestedProgram.Command.Skip(1), .. arguments]);

    /// <summary>Runs <c>xenvmevent test</c>, which listens to nothing.</summary>
    public static Listener RunOurTest(Guest guest, params IEnumerable<string> arguments) =>
        RunXenVmEvent(guest, ["test", .. arguments]);

    /// <summary>
    /// The lines of each vCPU in their order. The order between vCPUs is not determined. Lines that name no vCPU follow
    /// one that does.
    /// </summary>
    public ILookup<string, string> LinesByVCpu() =>
        Lines.Where(line => line.Contains(VCpuMark, StringComparison.Ordinal)).ToLookup(VCpuOf);

    /// <summary>The pages that were touched, in order.</summary>
    public IEnumerable<string> Pages() => Lines.Select(line => line.Split(" for GFN ")[1].Split(' ')[0]).Distinct().Order();

    /// <summary>The state of a vCPU.</summary>
    public JsonNode VCpu(int id) => State!["vcpus"]![id]!;

    private static string VCpuOf(string line)
    {
        int start = line.IndexOf(VCpuMark, StringComparison.Ordinal) + VCpuMark.Length;
        return new string([.. line.Skip(start).TakeWhile(char.IsAsciiDigit)]);
    }

    private static Listener Run(Guest guest, string program, IEnumerable<string> arguments)
    {
        string stateFile = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach ((string name, string? value) in guest.Environment(stateFile)) start.Environment[name] = value;
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                throw new TimeoutException($"{program} did not end.");
            }

            string state = File.ReadAllText(stateFile);
            return new Listener(process.ExitCode, LinesOf(output.Result), LinesOf(errors.Result), state.Length == 0 ? null : JsonNode.Parse(state));
        }
        finally
        {
            File.Delete(stateFile);
        }
    }

    private static string[] LinesOf(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
