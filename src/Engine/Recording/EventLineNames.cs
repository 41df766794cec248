using System.Text.Json;

namespace XenVmEvent.Recording;

/// <summary>The names of a line's fields. They are encoded once, because every event has them.</summary>
internal static class EventLineNames
{
    public static readonly JsonEncodedText Time = JsonEncodedText.Encode("time");
    public static readonly JsonEncodedText Host = JsonEncodedText.Encode("host");
    public static readonly JsonEncodedText Domain = JsonEncodedText.Encode("domain");
    public static readonly JsonEncodedText DomainId = JsonEncodedText.Encode("domainId");
    public static readonly JsonEncodedText Vcpu = JsonEncodedText.Encode("vcpu");
    public static readonly JsonEncodedText Kind = JsonEncodedText.Encode("kind");
    public static readonly JsonEncodedText InstructionPointer = JsonEncodedText.Encode("instructionPointer");
    public static readonly JsonEncodedText Symbol = JsonEncodedText.Encode("symbol");
    public static readonly JsonEncodedText Instruction = JsonEncodedText.Encode("instruction");
    public static readonly JsonEncodedText InterfaceVersion = JsonEncodedText.Encode("interfaceVersion");
    public static readonly JsonEncodedText Architecture = JsonEncodedText.Encode("architecture");
    public static readonly JsonEncodedText Request = JsonEncodedText.Encode("request");
    public static readonly JsonEncodedText Lost = JsonEncodedText.Encode("lost");
    public static readonly JsonEncodedText Reason = JsonEncodedText.Encode("reason");
    public static readonly JsonEncodedText From = JsonEncodedText.Encode("from");
    public static readonly JsonEncodedText To = JsonEncodedText.Encode("to");
    public static readonly JsonEncodedText Response = JsonEncodedText.Encode("response");
    public static readonly JsonEncodedText ResponseState = JsonEncodedText.Encode("responseState");
    public static readonly JsonEncodedText HandlingMicroseconds = JsonEncodedText.Encode("handlingMicroseconds");
    public static readonly JsonEncodedText Gfn = JsonEncodedText.Encode("gfn");
    public static readonly JsonEncodedText Offset = JsonEncodedText.Encode("offset");
    public static readonly JsonEncodedText LinearAddress = JsonEncodedText.Encode("linearAddress");
    public static readonly JsonEncodedText Access = JsonEncodedText.Encode("access");
    public static readonly JsonEncodedText View = JsonEncodedText.Encode("view");
    public static readonly JsonEncodedText Leaf = JsonEncodedText.Encode("leaf");
    public static readonly JsonEncodedText Subleaf = JsonEncodedText.Encode("subleaf");
    public static readonly JsonEncodedText Register = JsonEncodedText.Encode("register");
    public static readonly JsonEncodedText OldValue = JsonEncodedText.Encode("oldValue");
    public static readonly JsonEncodedText NewValue = JsonEncodedText.Encode("newValue");
    public static readonly JsonEncodedText Msr = JsonEncodedText.Encode("msr");
    public static readonly JsonEncodedText InstructionLength = JsonEncodedText.Encode("instructionLength");
    public static readonly JsonEncodedText PendingDebug = JsonEncodedText.Encode("pendingDebug");
    public static readonly JsonEncodedText Descriptor = JsonEncodedText.Encode("descriptor");
    public static readonly JsonEncodedText IsWrite = JsonEncodedText.Encode("isWrite");
    public static readonly JsonEncodedText Vector = JsonEncodedText.Encode("vector");
    public static readonly JsonEncodedText Type = JsonEncodedText.Encode("type");
    public static readonly JsonEncodedText ErrorCode = JsonEncodedText.Encode("errorCode");
    public static readonly JsonEncodedText Cr2 = JsonEncodedText.Encode("cr2");
    public static readonly JsonEncodedText Qualification = JsonEncodedText.Encode("qualification");
    public static readonly JsonEncodedText Port = JsonEncodedText.Encode("port");
    public static readonly JsonEncodedText Bytes = JsonEncodedText.Encode("bytes");
    public static readonly JsonEncodedText IsIn = JsonEncodedText.Encode("isIn");
    public static readonly JsonEncodedText IsString = JsonEncodedText.Encode("isString");
    public static readonly JsonEncodedText Flags = JsonEncodedText.Encode("flags");
}
