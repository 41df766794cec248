using System.Net;
using System.Reflection;
using System.Text;

namespace XenVmEvent.Reporting;

/// <summary>
/// The page: Report.html with its style, its script and its data inserted. Its policy allows only this very script and
/// loads nothing.
/// </summary>
internal static class ReportPage
{
    /// <param name="title">Any text.</param>
    /// <param name="json">The data, without any character that has a meaning in HTML.</param>
    public static string Create(string title, string json)
    {
        Dictionary<string, string> parts = new()
        {
            ["policy"] = $"default-src 'none'; style-src {HashOf("Report.css")}; script-src {HashOf("Report.js")}; base-uri 'none'; form-action 'none'",
            ["title"] = WebUtility.HtmlEncode(title),
            ["style"] = Resource("Report.css"),
            ["script"] = Resource("Report.js"),
            ["data"] = json,
            ["version"] = typeof(ReportPage).Assembly.GetName().Version!.ToString(3),
        };
        return Fill(Resource("Report.html"), parts);
    }

    /// <summary>In one pass, because a part may contain anything, even another part's placeholder.</summary>
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

    /// <summary>Computed by the build: .NET would need OpenSSL, which not every dom0 has.</summary>
    private static string HashOf(string part)
    {
        IEnumerable<AssemblyMetadataAttribute> hashes = typeof(ReportPage).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>();
        return $"'sha256-{hashes.Single(h => h.Key == part).Value}'";
    }

    private static string Resource(string name)
    {
        using Stream stream = typeof(ReportPage).Assembly.GetManifestResourceStream(name)!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
