using System.Buffers;
using System.Diagnostics;
using System.IO.Compression;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Recording;
using XenVmEvent.Simulation;

namespace XenVmEvent.Bench;

/// <summary>
/// What each step of one CPUID event costs by itself, in nanoseconds: the best of many rounds in one thread, so that other
/// work on the machine does not count. What is not in here is waiting: for another processor's cache line, or for a thread
/// to be woken.
/// </summary>
internal static class EventSteps
{
    private const int Rounds = 300;
    private const int EventsPerRound = 1000;

    private static readonly VmEventLayout Layout = VmEventLayout.ForVersion(VmEventLayout.NewestVersion);

    public static void Measure(Results results)
    {
        byte[] request = Request();
        SessionSource source = Source();
        EventWatch watch = new() { Kinds = [VmEventKind.Cpuid] };
        EventFilter filter = new(watch, GuestArchitecture.X86);
        DefaultAnswers defaults = new(GuestArchitecture.X86);
        using ArrivalSignal arrival = new();
        EventBuffer buffer = new(watch.BufferSize, arrival);
        using SharedMemory page = SharedMemory.Allocate(4096);
        BackRing back = new(page, Layout, answered: true);
        back.Initialise();
        FrontRing front = new(page, Layout);
        byte[] copy = new byte[Layout.Size];
        byte[] response = new byte[Layout.Size];
        VmEvent vmEvent = VmEventFactory.Create(source, new RequestReader(request, Layout), Stopwatch.GetTimestamp());
        ArrayBufferWriter<byte> text = new();
        using EventLineWriter lines = new(text);

        Add("look at the clock", () => Stopwatch.GetTimestamp());
        Add("a request through the ring and its response back", () =>
        {
            front.Put(request);
            back.TryRead(copy);
            back.ResponseTo(0, synchronous: true).Clear();
            back.Publish();
            front.TryTake(response);
        });
        Add("ask whether it is wanted", () => filter.Wants(new RequestReader(request, Layout)));
        Add("make the object", () => VmEventFactory.Create(source, new RequestReader(request, Layout), 0));
        Add("into the buffer and out again", () =>
        {
            buffer.TryAdd(vmEvent);
            buffer.TryTake(out _);
        });
        Add("decide and write the response", () =>
        {
            RequestReader reader = new(request, Layout);
            ResponseWriter answer = new(response, Layout);
            answer.Begin(reader);
            ResponseEncoder.Write(reader, defaults.For(reader), answer);
        });
        Add("a line of JSON", () =>
        {
            text.ResetWrittenCount();
            lines.Write(vmEvent);
        });
        byte[] line = text.WrittenSpan.ToArray();
        using GZipStream compressed = new(Stream.Null, CompressionLevel.Fastest);
        Add("compress that line", () => compressed.Write(line));

        void Add(string step, Action action) => results.Add($"one event, {step}", Best(action), "ns");
    }

    /// <summary>What making the object of an event allocates.</summary>
    public static long MeasureBytes()
    {
        byte[] request = Request();
        SessionSource source = Source();
        long before = GC.GetAllocatedBytesForCurrentThread();
        _ = VmEventFactory.Create(source, new RequestReader(request, Layout), 0);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>The request of a CPUID event, leaf 1.</summary>
    public static byte[] Request()
    {
        byte[] request = new byte[Layout.Size];
        ResponseWriter writer = new(request, Layout);
        writer.Set(VmEventField.Version, (ulong)Layout.Version);
        writer.Set(VmEventField.Reason, (ulong)VmEventKind.Cpuid);
        writer.Set(VmEventField.Flags, (ulong)VmEventFlags.VCpuPaused);
        writer.Set(VmEventField.CpuidLeaf, 1);
        return request;
    }

    private static SessionSource Source() => new(1, "guest", Layout, GuestArchitecture.X86, NobodyWaits.Instance, new LossLog(isComplete: false));

    private static double Best(Action action)
    {
        double best = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < EventsPerRound; i++) action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / EventsPerRound);
        }

        return best;
    }
}
