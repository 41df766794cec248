namespace XenVmEvent.Simulation;

/// <summary>What can go wrong in a simulated domain's monitor.</summary>
public enum SimulatedFault
{
    /// <summary>A wait for the event channels returned early with nothing, as after EINTR.</summary>
    InterruptedWait,

    /// <summary>All ports were signalled though nothing had happened.</summary>
    SpuriousSignal,

    /// <summary>A signal arrived late.</summary>
    LateSignal,

    /// <summary>A signal never arrived.</summary>
    MissingSignal,

    /// <summary>A call was refused.</summary>
    RefusedCall,

    /// <summary>The domain was destroyed in the middle of an event.</summary>
    Destruction,

    /// <summary>The ring's index and a slot's state turned to nonsense.</summary>
    TornChannel,
}
