using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;

namespace XenVmEvent.Fleet;

/// <summary>The processor time that this process and Redis have taken so far.</summary>
internal readonly record struct Cpu(TimeSpan Here, TimeSpan Redis)
{
    public static Cpu Of(string server)
    {
        using ConnectionMultiplexer redis = ConnectionMultiplexer.Connect($"{server},allowAdmin=true");
        double seconds = redis.GetServers()[0].Info("cpu").SelectMany(one => one).Where(one => one.Key is "used_cpu_user" or "used_cpu_sys").Sum(one => double.Parse(one.Value, CultureInfo.InvariantCulture));
        return new Cpu(Process.GetCurrentProcess().TotalProcessorTime, TimeSpan.FromSeconds(seconds));
    }

    public static Cpu operator -(Cpu left, Cpu right) => new(left.Here - right.Here, left.Redis - right.Redis);
}
