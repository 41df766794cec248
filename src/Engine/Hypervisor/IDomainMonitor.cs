using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor;

/// <summary>
/// One domain's enabled monitor: the channel's memory, its event channels, and the calls that switch events and page
/// access. Every call except <see cref="IEventPorts.Wake"/> comes from one thread, the session's pump, because Xen can
/// deadlock when one thread notifies while another disables. Every call throws <see cref="XenException"/> when Xen
/// refuses.
/// </summary>
public interface IDomainMonitor : IDomainSettings, IDisposable
{
    /// <summary>The kind of channel in use, never <see cref="ChannelPreference.Auto"/>.</summary>
    ChannelKind Channel { get; }

    /// <summary>The shared ring: the channel itself, or the asynchronous ring beside the slots.</summary>
    SharedMemory Ring { get; }

    /// <summary>The vCPU slots; null if the channel is only the ring.</summary>
    SharedMemory? Slots { get; }

    /// <summary>The event channels, bound.</summary>
    IEventPorts Ports { get; }

    /// <summary>How many pages of memory the domain has now; 0 when it is gone.</summary>
    ulong Pages { get; }

    /// <summary>How many pages of memory the domain may have; 0 when it is gone.</summary>
    ulong MaximumPages { get; }

    /// <summary>
    /// The highest guest frame number that the domain uses. A guest chooses it: it can be far beyond its memory.
    /// </summary>
    ulong MaximumGfn { get; }

    /// <summary>
    /// Whether Xen still has its end of the event channels. False if somebody else has disabled the monitor, so that
    /// whatever has been enabled since is theirs, or if the domain was destroyed. True if Xen does not tell.
    /// </summary>
    bool IsConnected { get; }

    /// <summary>False once the domain was destroyed: there is nothing left to give back.</summary>
    bool IsDomainAlive { get; }

    /// <summary>
    /// Whether the domain runs, or how it ended. Unless it is destroyed outright, it ends before it is destroyed.
    /// </summary>
    DomainState DomainState { get; }

    /// <summary>The access of pages that are new to the domain.</summary>
    MemAccess DefaultMemAccess { get; set; }

    /// <summary>The access of one page in view 0, the host's own.</summary>
    /// <returns>Null: the domain has no memory there, or not yet.</returns>
    MemAccess? GetMemAccess(ulong gfn);

    /// <summary>
    /// How many pages of the domain Xen populates when they are first accessed (populate on demand). Setting the access
    /// of such a page also populates it. Null if Xen does not tell.
    /// </summary>
    ulong? PagesOnDemand { get; }

    /// <summary>
    /// Whether device memory is mapped at a page that has an access. An access to it that Xen emulates does not reach
    /// the device. False if Xen does not tell.
    /// </summary>
    bool IsDeviceMemory(ulong gfn);

    /// <summary>Sets the access of a run of pages.</summary>
    void SetMemAccess(MemAccess access, ulong firstGfn, uint count);

    /// <summary>Sets the access of many pages, each to its own, in one call.</summary>
    /// <param name="gfns">The pages, none above <see cref="MaximumGfn"/>: Xen does not check.</param>
    /// <param name="access">The access of each page.</param>
    void SetMemAccess(ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access);

    /// <summary>
    /// Whether accesses by the processor's page table walks raise events. By default they do; if switched off, they are
    /// emulated without an event.
    /// </summary>
    void MonitorPageWalks(bool enable);

    /// <summary>Switches events for writes of a control register.</summary>
    void MonitorWriteControlRegister(ControlRegister register, bool enable, ControlRegisterOptions options);

    /// <summary>
    /// Makes Xen defer watched writes of CR0, CR3, CR4 and MSRs until they are answered, so that they can be denied,
    /// for as long as the monitor is enabled. Xen before 4.14 always defers; later releases do the write immediately
    /// unless asked to defer. Writes of XCR0 are never deferred.
    /// </summary>
    void DeferRegisterWrites();

    /// <summary>Switches events for writes of a model-specific register.</summary>
    void MonitorMovToMsr(uint msr, bool enable, bool onChangeOnly);

    /// <summary>Switches events for CPUID.</summary>
    void MonitorCpuid(bool enable);

    /// <summary>Switches events for INT3.</summary>
    void MonitorSoftwareBreakpoint(bool enable);

    /// <summary>Switches events for debug exceptions.</summary>
    void MonitorDebugException(bool enable, bool sync);

    /// <summary>Switches events for single steps.</summary>
    void MonitorSingleStep(bool enable);

    /// <summary>Switches events for descriptor table loads and stores.</summary>
    void MonitorDescriptorAccess(bool enable);

    /// <summary>Switches events for the guest's own requests.</summary>
    void MonitorGuestRequest(bool enable, bool sync, bool allowUserspace);

    /// <summary>Switches events for privileged calls (arm64).</summary>
    void MonitorPrivilegedCall(bool enable);

    /// <summary>Switches events for instructions that Xen cannot emulate.</summary>
    void MonitorEmulUnimplemented(bool enable);

    /// <summary>Switches events for exits from guest mode (Xen 4.17 and later).</summary>
    void MonitorVmExit(bool enable, bool sync);

    /// <summary>Switches events for I/O instructions (Xen 4.18 and later).</summary>
    void MonitorIo(bool enable);

    /// <summary>Runs an action while no vCPU runs. They run on afterwards, whatever the action does.</summary>
    void WhilePaused(Action action);

    /// <summary>Injects an exception into the vCPU, which takes it when its event is answered.</summary>
    void InjectTrap(uint vcpu, TrapInjection trap);

    /// <summary>
    /// Notes a breakpoint, before its byte is written: whoever frees the domain after this process was killed finds it
    /// (<see cref="IDomainControl.FindBreakpoints"/>).
    /// </summary>
    /// <exception cref="XenException">It cannot be noted.</exception>
    IBreakpointNote NoteBreakpoint(BreakpointPlace place);

    /// <summary>The state of a vCPU now.</summary>
    VCpuState GetVCpuState(uint vcpu);

    /// <summary>
    /// Whether an x86 vCPU that waits for an answer was delivering an interrupt or exception, which it does again when it
    /// runs on. False for a software interrupt: its instruction is executed again.
    /// </summary>
    bool IsDeliveringInterrupt(uint vcpu);

    /// <summary>
    /// Disables the monitor. A vCPU whose event was not answered may stay paused for good, and a register write whose
    /// vCPU has not run since its answer is lost. The caller must prevent both.
    /// </summary>
    void Disable();
}

/// <summary>Which writes of a control register raise an event.</summary>
/// <param name="IgnoredBits">A write that changes only these bits raises no event.</param>
/// <param name="OnChangeOnly">A write of the same value raises no event.</param>
/// <param name="Sync">The vCPU waits for an answer, which can deny the write.</param>
public readonly record struct ControlRegisterOptions(ulong IgnoredBits, bool OnChangeOnly, bool Sync);

/// <summary>An exception to inject into a vCPU.</summary>
/// <param name="Vector">1 for #DB, 3 for #BP.</param>
/// <param name="Type">The event type as the request named it (Intel's interruption types).</param>
/// <param name="InstructionLength">Bytes of the instruction that raised it.</param>
/// <param name="Extra">The pending debug bits for #DB; otherwise 0.</param>
public readonly record struct TrapInjection(byte Vector, byte Type, byte InstructionLength, ulong Extra = 0);
