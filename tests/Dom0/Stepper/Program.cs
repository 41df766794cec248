// stepper DOMAIN step|toggle|fast|cr3 [COUNT]: what the engine offers and the command line does not, in the dom0 of a real Xen.
// Writes each event as "KIND vCPU INSTRUCTION_POINTER VIEW", and ends after COUNT of them or with the domain.
using XenVmEvent;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;

// An emulated processor is slow: nothing here is to be answered by a deadline.
MonitorOptions options = new() { ResponseTimeout = TimeSpan.FromSeconds(30), Warn = Console.Error.WriteLine };
using GuardedHypervisor xen = new(XenHypervisor.Connect(), "/usr/local/bin/xenvmevent", Console.Error.WriteLine);
using MonitorSession session = MonitorSession.Start(xen, xen.FindDomain(args[0]), options);
ushort view = args[1] == "fast" ? session.CreateView().View : (ushort)0;
using EventSubscription events = session.Watch(args[1] switch
{
    "step" => new EventWatch { Kinds = [VmEventKind.SingleStep], SteppedVCpus = [0] },
    "toggle" => new EventWatch { Kinds = [VmEventKind.Cpuid, VmEventKind.SingleStep], Hold = true },
    "fast" => new EventWatch { Kinds = [VmEventKind.Cpuid], Hold = true },
    "cr3" => new EventWatch { Kinds = [VmEventKind.WriteControlRegister], ControlRegisters = [ControlRegister.CR3] },
    _ => throw new ArgumentException(args[1]),
});
Console.Error.WriteLine("watching");
int left = args.Length > 2 ? int.Parse(args[2]) : int.MaxValue;
Stepping stepping = new();
while (left-- > 0 && events.Take(Timeout.InfiniteTimeSpan) is { } seen)
{
    if (args[1] == "toggle") seen.Respond(stepping.Answer(seen));
    if (args[1] == "fast") seen.Respond(new VmEventResponse(fastSingleStepView: seen.View == 0 ? view : (ushort)0));
    Console.WriteLine($"{seen.Kind} {seen.VCpu} 0x{seen.InstructionPointer:x} {seen.View}");
}

events.Dispose();
SessionEnd end = session.Stop();
foreach (XenException failure in end.TeardownFailures.Append(end.Failure).Append(session.ExplainDomainEnd()).OfType<XenException>())
    Console.Error.WriteLine($"{failure.Id}: {failure.Message}");
return end.Failure is null && end.TeardownFailures.Count == 0 ? 0 : 1;

/// <summary>Each tenth CPUID begins ten steps of its vCPU.</summary>
internal sealed class Stepping
{
    private const int Period = 10, Steps = 10;

    private readonly Dictionary<uint, int> _left = [];
    private int _instructions;

    public VmEventResponse Answer(VmEvent seen)
    {
        int left = _left.GetValueOrDefault(seen.VCpu);
        bool toggles = seen.Kind == VmEventKind.SingleStep ? --left == 0 : left == 0 && _instructions++ % Period == 0;
        if (toggles && seen.Kind == VmEventKind.Cpuid) left = Steps;
        _left[seen.VCpu] = left;
        return new VmEventResponse(toggleSingleStep: toggles);
    }
}
