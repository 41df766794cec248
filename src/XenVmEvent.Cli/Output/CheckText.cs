using System.Text;
using XenVmEvent.Diagnosis;

namespace XenVmEvent.Cli;

/// <summary>
/// Writes a check as lines for people: its name, its result, what was found, and below that what to do.
/// </summary>
internal static class CheckText
{
    private const int NameColumn = 2;
    private const int ResultColumn = 16;
    private const int TextColumn = 25;
    private const int Width = 110;

    public static string Of(MonitorCheck check)
    {
        StringBuilder text = new();
        text.Append(' ', NameColumn).Append(check.Name.PadRight(ResultColumn - NameColumn));
        text.Append(check.Result.ToString().ToLowerInvariant().PadRight(TextColumn - ResultColumn));
        AppendWrapped(text, check.Found);
        if (check.Remedy.Length == 0) return text.ToString();
        text.Append('\n').Append(' ', TextColumn);
        AppendWrapped(text, $"-> {check.Remedy}");
        return text.ToString();
    }

    private static void AppendWrapped(StringBuilder text, string words)
    {
        int column = TextColumn;
        foreach (string word in words.Split(' '))
        {
            if (column > TextColumn && column + 1 + word.Length > Width)
            {
                text.Append('\n').Append(' ', TextColumn);
                column = TextColumn;
            }
            else if (column > TextColumn)
            {
                text.Append(' ');
                column++;
            }

            text.Append(word);
            column += word.Length;
        }
    }
}
