using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace XenVmEvent.Agent.Tests;

/// <summary>An authority that signs certificates of servers.</summary>
internal sealed class TestAuthority : IDisposable
{
    public const string UsualName = "CN=An authority of a test";

    private readonly DateTimeOffset _from = DateTimeOffset.UtcNow.AddDays(-10);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;

    public TestAuthority(string name = UsualName)
    {
        CertificateRequest request = new(name, _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        _certificate = request.CreateSelfSigned(_from, _from.AddYears(1));
    }

    /// <summary>Its own certificate in PEM.</summary>
    public string Certificate => _certificate.ExportCertificatePem();

    /// <summary>Signs a certificate for a server.</summary>
    /// <param name="name">The server's address, or its name.</param>
    /// <param name="until">When it ends, in days from now.</param>
    /// <returns>The certificate and its key in PEM.</returns>
    public (string Certificate, string Key) Sign(string name, int until = 30)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=A server of a test", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        if (IPAddress.TryParse(name, out IPAddress? address)) names.AddIpAddress(address);
        else names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 signed = request.Create(_certificate, _from, DateTimeOffset.UtcNow.AddDays(until), RandomNumberGenerator.GetBytes(8));
        return (signed.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
    }
}
