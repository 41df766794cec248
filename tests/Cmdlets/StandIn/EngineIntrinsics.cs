namespace System.Management.Automation;

/// <summary>What a transformation may ask the engine; the stand-in has no engine to ask.</summary>
public sealed class EngineIntrinsics;
