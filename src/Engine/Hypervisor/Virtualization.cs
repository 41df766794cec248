namespace XenVmEvent.Hypervisor;

/// <summary>A processor's extension for virtual machines.</summary>
public enum Virtualization
{
    /// <summary>None, or it is switched off in the firmware's settings.</summary>
    None,

    /// <summary>Intel's VT-x.</summary>
    VTx,

    /// <summary>AMD's SVM, or AMD-V.</summary>
    Svm,

    /// <summary>That of 64 bit Arm.</summary>
    Arm,
}
