using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace XenVmEvent.Reporting;

/// <summary>
/// The page: Report.html with its style, its script and its data put in. Its policy lets it run this very script, and load
/// nothing.
/// </summary>
internal static class ReportPage
{
    /// <param name="title">Any text.</param>
    /// <param name="json">The data, without a character that means something to HTML.</param>
    public static string Create(string title, string json)
    {
        string style = Resource("Report.css");
        string script = Resource("Report.js");
        Dictionary<string, string> parts = new()
        {
            ["policy"] = $"default-src 'none'; style-src {HashOf(style)}; script-src {HashOf(script)}; base-uri 'none'; form-action 'none'",
            ["title"] = WebUtility.HtmlEncode(title),
            ["style"] = style,
            ["script"] = script,
            ["data"] = json,
            ["version"] = typeof(ReportPage).Assembly.GetName().Version!.ToString(3),
        };
        return Fill(Resource("Report.html"), parts);
    }

    /// <summary>In one pass: a part may contain anything, also what looks like the place of another.</summary>
    private static string Fill(string template, Dictionary<string, string> parts)
    {
        StringBuilder page = new();
        int end = 0;
        int start;
        while ((start = template.IndexOf("{{", end, StringComparison.Ordinal)) >= 0)
        {
            page.Append(template, end, start - end);
            end = template.IndexOf("}}", start, StringComparison.Ordinal) + 2;
            page.Append(parts[template[(start + 2)..(end - 2)]]);
        }

        return page.Append(template, end, template.Length - end).ToString();
    }

    private static string HashOf(string text) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'";

    private static string Resource(string name)
    {
        using Stream stream = typeof(ReportPage).Assembly.GetManifestResourceStream(name)!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
