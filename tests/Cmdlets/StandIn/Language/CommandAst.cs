namespace System.Management.Automation.Language;

/// <summary>The command line that a completer is asked about; the stand-in has none to show.</summary>
public sealed class CommandAst;
