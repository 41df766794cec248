using System.Globalization;
using XenVmEvent.Soak;

// tests/Soak/run builds what this needs, and says on which libraries it runs.
if (args is not [string minutes, string seed, string guardProgram]
    || !double.TryParse(minutes, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double length)
    || !int.TryParse(seed, NumberStyles.None, CultureInfo.InvariantCulture, out int start))
{
    Console.Error.WriteLine("usage: XenVmEvent.Soak MINUTES SEED XENVMEVENT");
    return 2;
}

return new SoakRun(guardProgram, start).Run(TimeSpan.FromMinutes(length)) ? 0 : 1;
