using XenVmEvent.Bench;

// bench/run builds what is measured and then runs this.
string[] parts = args.Length > 0 ? args : ["start", "floor", "side", "one", "steps", "policy", "engine", "memory", "large", "sessions", "guard", "formats", "first", "pipeline", "import", "scale"];
Results results = new();
foreach (string part in parts)
{
    Console.Error.WriteLine($"bench: {part}");
    switch (part)
    {
        case "start": StartTime.Measure(results); break;
        case "floor": Floor.Measure(results); break;
        case "side": SideBySide.Measure(results); break;
        case "one": SideBySide.Measure(results, onOneProcessor: true); break;
        case "steps": EventSteps.Measure(results); break;
        case "policy": RuleCost.Measure(results); break;
        case "engine": Engine.Measure(results); break;
        case "memory": Engine.MeasureMemory(results); break;
        case "large": LargeGuest.Measure(results); break;
        case "sessions": Sessions.Measure(results); break;
        case "guard": GuardCost.Measure(results); break;
        case "formats": Formats.Measure(results); break;
        case "first": FirstEvents.Measure(results); break;
        case "pipeline": Pipeline.Measure(results); break;
        case "import": ImportTime.Measure(results); break;
        case "scale": Scale.Measure(results); break;
        default:
            Console.Error.WriteLine($"bench: there is no part '{part}'; the parts are start, floor, side, one, steps, policy, engine, memory, large, sessions, guard, formats, first, pipeline, import, scale.");
            return 2;
    }

    results.Write(Built.Results); // A later part may fail.
}

results.Print(Console.Out);
Goals.Print(results, Console.Out);
return 0;
