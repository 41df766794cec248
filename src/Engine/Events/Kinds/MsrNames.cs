namespace XenVmEvent.Events;

/// <summary>
/// The names of model-specific registers whose writes are of interest, from Intel's manual (volume 4) and AMD's (volume
/// 2), and of those of Xen and Hyper-V.
/// </summary>
public static class MsrNames
{
    private const string Prefix = "IA32_";

    private static readonly Dictionary<string, uint> Numbers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["IA32_TIME_STAMP_COUNTER"] = 0x10,
        ["IA32_APIC_BASE"] = 0x1b,
        ["IA32_FEATURE_CONTROL"] = 0x3a,
        ["IA32_TSC_ADJUST"] = 0x3b,
        ["IA32_SPEC_CTRL"] = 0x48,
        ["IA32_PRED_CMD"] = 0x49,
        ["IA32_BIOS_UPDT_TRIG"] = 0x79,
        ["IA32_BIOS_SIGN_ID"] = 0x8b,
        ["IA32_FLUSH_CMD"] = 0x10b,
        ["IA32_SYSENTER_CS"] = 0x174,
        ["IA32_SYSENTER_ESP"] = 0x175,
        ["IA32_SYSENTER_EIP"] = 0x176,
        ["IA32_MCG_STATUS"] = 0x17a,
        ["IA32_PERFEVTSEL0"] = 0x186,
        ["IA32_PERFEVTSEL1"] = 0x187,
        ["IA32_MISC_ENABLE"] = 0x1a0,
        ["IA32_DEBUGCTL"] = 0x1d9,
        ["IA32_PAT"] = 0x277,
        ["IA32_MTRR_DEF_TYPE"] = 0x2ff,
        ["IA32_FIXED_CTR_CTRL"] = 0x38d,
        ["IA32_PERF_GLOBAL_CTRL"] = 0x38f,
        ["IA32_RTIT_CTL"] = 0x570,
        ["IA32_DS_AREA"] = 0x600,
        ["IA32_U_CET"] = 0x6a0,
        ["IA32_S_CET"] = 0x6a2,
        ["IA32_PL0_SSP"] = 0x6a4,
        ["IA32_INTERRUPT_SSP_TABLE_ADDR"] = 0x6a8,
        ["IA32_TSC_DEADLINE"] = 0x6e0,
        ["IA32_X2APIC_EOI"] = 0x80b,
        ["IA32_X2APIC_ICR"] = 0x830,
        ["IA32_BNDCFGS"] = 0xd90,
        ["IA32_XSS"] = 0xda0,
        ["IA32_EFER"] = 0xc000_0080,
        ["IA32_STAR"] = 0xc000_0081,
        ["IA32_LSTAR"] = 0xc000_0082,
        ["IA32_CSTAR"] = 0xc000_0083,
        ["IA32_FMASK"] = 0xc000_0084,
        ["IA32_FS_BASE"] = 0xc000_0100,
        ["IA32_GS_BASE"] = 0xc000_0101,
        ["IA32_KERNEL_GS_BASE"] = 0xc000_0102,
        ["IA32_TSC_AUX"] = 0xc000_0103,
        ["HV_X64_MSR_GUEST_OS_ID"] = 0x4000_0000,
        ["HV_X64_MSR_HYPERCALL"] = 0x4000_0001,
    };

    private static readonly Dictionary<uint, string> Names = Numbers.ToDictionary(n => n.Value, n => n.Key);

    /// <summary>All names, by number.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Numbers.OrderBy(n => n.Value).Select(n => n.Key)];

    /// <summary>The name of a register; null if it has none here.</summary>
    public static string? Find(uint msr) => Names.GetValueOrDefault(msr);

    /// <summary>A name without the prefix IA32_, which most names have.</summary>
    internal static string Short(string name) => name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;

    /// <summary>
    /// The number of a register: <c>IA32_LSTAR</c>, <c>lstar</c>, <c>0xc0000082</c> or <c>3221225602</c>.
    /// </summary>
    /// <returns>False if the text is neither a known name nor a number of 32 bits.</returns>
    public static bool TryParse(string text, out uint msr)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Numbers.TryGetValue(text, out msr) || Numbers.TryGetValue(Prefix + text, out msr)) return true;
        bool isNumber = NumberText.TryParse(text, out ulong number) && number <= uint.MaxValue;
        msr = isNumber ? (uint)number : 0;
        return isNumber;
    }
}
