using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>Turns decisions into responses and shows them to Xen. Used by the pump's thread.</summary>
internal sealed class ResponseSender(MonitorChannel channel, AnswerEffects effects, StatisticsCollector statistics, VmEventLayout layout)
{
    private readonly byte[] _response = new byte[layout.Size];
    private readonly List<(long ReadAt, VmEvent? Event)> _unflushed = [];

    /// <summary>Writes the response to a request; Xen sees it at the next <see cref="Flush"/>.</summary>
    /// <param name="request">The request.</param>
    /// <param name="response">The decision.</param>
    /// <param name="readAt">When the request was read, in Stopwatch ticks.</param>
    /// <param name="vmEvent">The request's event; null if none was made.</param>
    /// <param name="computed">Registers of the response whose values are still to be computed; null for none.</param>
    /// <exception cref="XenException">An effect of the answer failed. The vCPU still goes on.</exception>
    public void Send(RequestReader request, VmEventResponse response, long readAt, VmEvent? vmEvent, IReadOnlyList<ComputedRegister>? computed = null)
    {
        ResponseWriter writer = new(_response, layout);
        writer.Begin(request);
        try
        {
            response = effects.Permit(request, response);
            if (request.IsSynchronous) statistics.OnDecided(request.Kind, response.Action);
            ResponseEncoder.Write(request, response, writer, computed);
            effects.Perform(request, response, writer);
        }
        catch
        {
            writer.Begin(request); // The vCPU must not stay paused.
            throw;
        }
        finally
        {
            Span<byte> target = channel.ResponseTo(request.VCpuId, request.IsSynchronous);
            if (!target.IsEmpty) _response.CopyTo(target);
            _unflushed.Add((readAt, vmEvent));
        }
    }

    /// <summary>Tells Xen of all responses since the last call.</summary>
    public void Flush()
    {
        if (_unflushed.Count == 0) return;
        channel.Flush();
        long now = Stopwatch.GetTimestamp();
        foreach ((long readAt, VmEvent? vmEvent) in _unflushed)
        {
            statistics.OnAnswered(now - readAt);
            vmEvent?.SetAnswered(now);
        }

        _unflushed.Clear();
    }
}
